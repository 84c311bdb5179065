# Exits with the status that its configuration names.
read -r config
echo 'one' >&2
echo 'out of tea' >&2
exit "$STATUS"
