# Says much on standard error, and then fails.
n=0
while [ $n -lt 30 ]; do
	n=$((n + 1))
	echo "line $n" >&2
done
exit 1
