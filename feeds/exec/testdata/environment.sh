# Prints the names of its variables.
env | cut -d= -f1 | sort | while read -r name; do
	echo "{\"id\":\"$name\"}"
done
