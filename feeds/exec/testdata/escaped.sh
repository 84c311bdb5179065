# As orphan.sh, but the child is in a session of its own.
setsid sleep 5 &
echo "{\"id\":\"child\",\"pid\":$!}"
