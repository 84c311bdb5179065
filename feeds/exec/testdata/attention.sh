echo '{"type":"error","message":"no such city","attention":true,"retry_after":7200,"hint":"correct the city"}'
sleep 600
