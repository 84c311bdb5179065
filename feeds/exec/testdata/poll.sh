# Prints once for each line of input, and says when input has ended.
trap '' TERM
read -r config
while read -r line; do
	n=$((n + 1))
	echo "{\"id\":\"$n\"}"
done
echo '{"id":"end of input"}'
