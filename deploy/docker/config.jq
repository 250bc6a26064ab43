# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# The configuration of one image, from the lines of the Dockerfile below its `FROM scratch AS NAME` (as raw text, -R -s). An
# instruction that is not handled here is an error. Needs $target, $version, $revision, $created, $arch, $layer (sha256).
def nanoseconds: capture("^(?<n>[0-9]+)(?<u>s|m)$") | (.n | tonumber) * {s: 1, m: 60}[.u] * 1000000000;
def pair: capture("^(?<key>[^=]+)=(?<value>.*)$") | .value |= (fromjson | gsub("\\$VERSION"; $version) | gsub("\\$REVISION"; $revision));
def healthcheck:
	capture("^(?<options>.*)CMD (?<command>\\[.*)$")
	| (.command | fromjson) as $command
	| [.options | scan("--([a-z-]+)=([^ ]+)") | {key: .[0], value: .[1]}] | from_entries
	| {Test: (["CMD"] + $command), Interval: (.interval | nanoseconds), Timeout: (.timeout | nanoseconds),
	   StartPeriod: (.["start-period"] | nanoseconds), Retries: (.retries | tonumber)};
def instruction($word; $rest):
	if $word == "LABEL" then .Labels += ($rest | pair | {(.key): .value})
	elif $word == "ENV" then .Env += [$rest | pair | "\(.key)=\(.value)"]
	elif $word == "USER" then .User = $rest
	elif $word == "EXPOSE" then .ExposedPorts += {($rest): {}}
	elif $word == "ENTRYPOINT" then .Entrypoint = ($rest | fromjson)
	elif $word == "CMD" then .Cmd = ($rest | fromjson)
	elif $word == "HEALTHCHECK" then .Healthcheck = ($rest | healthcheck)
	elif $word == "ARG" or $word == "COPY" then .
	else error("the Dockerfile's \($word) is not known here") end;
[split("\n")[] | select(test("^[A-Z]+ "))] as $lines
| ($lines | index("FROM scratch AS \($target)")) as $from
| if $from == null then error("the Dockerfile has no FROM scratch AS \($target)") else . end
| $lines[$from + 1:] | .[:(map(startswith("FROM ")) | index(true)) // length]
| reduce (.[] | capture("^(?<word>[A-Z]+) +(?<rest>.*)$")) as $l ({}; instruction($l.word; $l.rest))
| .Env = ["PATH=/usr/sbin:/usr/bin"] + .Env
| {architecture: $arch, os: "linux", created: $created, config: .,
   rootfs: {type: "layers", diff_ids: ["sha256:\($layer)"]},
   history: [{created: $created, created_by: "deploy/docker/build-local"}]}
