read -r config
echo '{"type":"hello","v":1,"topics":["news","tides"]}'
echo '{"type":"item","topic":"tides","title":"high water"}'
while read -r line; do :; done
