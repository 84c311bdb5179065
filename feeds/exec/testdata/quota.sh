echo '{"type":"error","message":"harmless"}'
echo '{"type":"error","message":"quota","retry_after":900}'
sleep 600
