#!/bin/sh
# Follows a tickertape stream with curl and prints each event as "EVENT DATA".
#
#     sh curl.sh 'http://localhost:8080/latest?type=news,stock'

url=$1
place=$(mktemp -d) || exit 1 # what must outlive the end of a pipe
trap 'rm -rf "$place"' EXIT
trap 'exit 130' INT TERM
echo 2000 >"$place/retry"
echo 000 >"$place/status"

while :; do
	set -- -sN -H 'Accept: text/event-stream'
	if [ -s "$place/id" ]; then
		set -- "$@" -H "Last-Event-ID: $(cat "$place/id")"
	fi
	# The last option is the watchdog: 40 s without a byte, where a heartbeat comes each
	# 15 s, mean that the connection is dead.
	curl "$@" -w 'status %{http_code}\n' --speed-limit 1 --speed-time 40 "$url" | {
		event='' id='' data=''
		while IFS= read -r line; do
			case $line in
			'event: '*) event=${line#event: } ;;
			'id: '*) id=${line#id: } ;;
			'retry: '*) echo "${line#retry: }" >"$place/retry" ;;
			'data: '*) data=$data${data:+
}${line#data: } ;;
			'') # the block is complete: handle it, then remember its id
				printf '%s %s\n' "$event" "$data"
				if [ -n "$id" ]; then echo "$id" >"$place/id"; fi
				event='' id='' data=''
				;;
			'status '*) echo "${line#status }" >"$place/status" ;;
			*) printf '%s\n' "$line" >&2 ;; # what was wrong, where it is no stream
			esac
		done
	}
	case $(cat "$place/status") in
	204) exit 0 ;; # the topics are over
	4*) exit 1 ;;  # the request can never work
	esac
	sleep "$(($(cat "$place/retry") / 1000 + 1))"
done
