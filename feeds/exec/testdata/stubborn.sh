# Neither the end of input nor SIGTERM ends this one, nor its child.
trap '' TERM
(
	trap '' TERM
	while :; do sleep 1; done
) &
echo "{\"id\":\"child\",\"pid\":$!}"
while :; do sleep 1; done
