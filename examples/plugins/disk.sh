#!/bin/sh
# How full this machine's file systems are, as JSON lines.
fetch() {
  df -Pk | awk 'NR > 1 && $2 > 0 && !seen[$6]++ {
    printf "{\"mount\":\"%s\",\"percent\":%.1f,\"free_gb\":%.1f}\n", $6, 100 * $3 / $2, $4 / 1048576
  }'
}

read -r config # the first line of input is the configuration
fetch
while read -r line; do fetch; done # an empty line asks for more, the end of input to stop
