# A new id for the same item in each run.
echo "{\"type\":\"hello\",\"v\":1,\"topics\":[\"news\"]}"
echo "{\"id\":\"$$\",\"title\":\"the same\"}"
while read -r line; do
	echo '{"type":"ok"}'
done
