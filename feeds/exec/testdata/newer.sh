echo '{"type":"hello","v":2}'
sleep 600
