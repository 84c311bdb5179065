# Breaks the rules of items: the future, another topic, a severity that there is not.
read -r config
echo '{"type":"item","id":"a","time":"2999-01-01T00:00:00Z","title":"a"}'
echo '{"type":"item","id":"b","topic":"stock","title":"b"}'
echo '{"type":"item","id":"c","severity":"huge","title":"c"}'
echo '{"type":"hello","v":1}'
while read -r line; do
	echo '{"type":"ok"}'
done
