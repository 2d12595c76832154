#!/bin/sh
# Test from a shell: start the server, wait for its base URL, send requests, stop it.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
ready=$(mktemp -u)

mockglm serve "$here/weather.yaml" --port 0 --speed 0 --log none --ready-file "$ready" >/dev/null &
trap 'kill $!; wait $! 2>/dev/null || true; rm -f "$ready"' EXIT
until [ -s "$ready" ]; do sleep 0.1; done
base=$(cat "$ready")
host=${base%/api/paas/v4}

ask() { # SESSION TEXT [STREAM]
    curl --silent --noproxy '*' --max-time 10 "$host/s/$1/api/paas/v4/chat/completions" \
        --header "Authorization: Bearer 0123456789abcdef0123456789abcdef.mockglmmockglm00" \
        --json "{\"model\": \"glm-4.6\", \"stream\": ${3:-false},
                 \"messages\": [{\"role\": \"user\", \"content\": \"$2\"}]}" || echo "curl ends $?"
    echo
}

echo "# the service is busy, then it answers"
ask weather@one 天气
ask weather@one 天气
echo "# the account is empty"
ask no-balance 天气
echo "# the connection is reset after two frames"
ask hello+reset.2-frames 你好 true
