# Every type of line, in order.
read -r config
echo '{"type":"hello","v":1,"name":"protocol","topics":["news"]}'
echo "{\"type\":\"item\",\"id\":\"a\",\"time\":\"2026-11-20T12:40:00Z\",\"title\":\"High water\",\"data\":{\"config\":$config}}"
echo '{"type":"ok","detail":"nothing new"}'
echo '{"type":"retract","id":"a"}'
echo '{"type":"itme","id":"typo"}'
echo '{"type":"item","id":"b","level":3}'
echo '{"title":"bare"}'
printf '{"title":"last line without an end"}'
