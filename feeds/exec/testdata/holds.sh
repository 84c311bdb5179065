# Says nothing before its input ends, as a program that does not flush.
while read -r line; do :; done
echo '{"title":"late"}'
