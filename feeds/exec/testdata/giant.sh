# A line of 3 MB between two good ones.
echo '{"title":"before"}'
head -c 3000000 /dev/zero | tr '\0' x
echo
echo '{"title":"after"}'
