# Exits at once; a child goes on and holds the output open.
sleep 600 &
echo "{\"id\":\"child\",\"pid\":$!}"
