# What people type. Without a word it lists the words.

GO           ?= go
STATICCHECK  := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK  := golang.org/x/vuln/cmd/govulncheck@v1.9.0
BINARY       ?= bin/woggle
BINARY_LIMIT := 35000000

# The program as it is shipped. Functions begin at every sixteenth byte instead of every thirty-second, and calls within modules of
# others, packages of Go's own and chapters of ours that no request hurries through are not unfolded: together 2.5 megabytes, which one
# has to download and load.
# (PostgreSQL's driver is among them, which waits for a network a thousand times longer than for its own calls, and what signs tokens, which
# waits for RSA.)
COLD  := github.com/elimity-com github.com/scim2 github.com/q-uint github.com/nyaruka github.com/zitadel github.com/icholy golang.org/x/text golang.org/x/net \
	github.com/russellhaering github.com/emiago/sipgo github.com/alecthomas/kong github.com/wneessen github.com/beevik github.com/BurntSushi \
	github.com/coreos github.com/gobwas github.com/pion google.golang.org/protobuf github.com/mattermost rsc.io golang.org/x/oauth2 github.com/jackc \
	github.com/fxamacker github.com/x448 filippo.io golang.org/x/crypto/acme archive/zip encoding/xml encoding/csv encoding/asn1 net/mail net/smtp net/textproto mime regexp html/template github.com/go-jose \
	text/template/parse text/tabwriter os/exec log/slog math/big crypto/x509 crypto/tls vendor/golang.org/x/crypto woggle/cmd woggle/docs \
	$(addprefix woggle/internal/,backup message method paper helping admin portal register copies directory audit keys server outgoing samltoken signedxml app/microsoft365 app/externalmfa app/oidc app/scim app/saml app/wsfed app/sampleapps)
SHIPPED := -trimpath -ldflags='-s -w -funcalign=16' $(foreach module,$(COLD),-gcflags=$(module)/...=-l)

.PHONY: help run test check build bench tools format vet static known-faults sizes

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## try Woggle: a sample county on this computer
	$(GO) run ./cmd/woggle demo

# With the race detector everything inside is tested once; it is the browser's and the commands' turn after that. SQLite, which is
# C made Go, is a tenth as fast with it, but cannot be left out: what it shares with the standard library, such as the generic
# inside of sync.Map, would then be linked without it, and races be reported where there are none. The slow hash of passwords can
# be, and half of the time was its: it touches 19 MiB each time, and the detector four bytes for each of them. Addresses made
# from numbers are the whole of what SQLite does, so that the check of them is left out. The long queue is a tenth as long with
# the detector, so it is tested once more without.
RACE := -race -gcflags='golang.org/x/crypto/argon2=-race=false -d=checkptr=0' -gcflags='modernc.org/...=-d=checkptr=0'
# Stories wait more than they work, for other programs and for the disk, so that there are more at a time than cores.
AT_ONCE := -parallel 4 -timeout 20m

test: export WOGGLE_TEST_ALL = 1
test: tools check ## install what this machine lacks, then test everything
	$(GO) run ./test/postgres $(GO) test $(RACE) $(AT_ONCE) ./internal/... ./docs/... ./authenticator
	$(GO) test -run TestALongQueue ./internal/message
	$(GO) run ./test/postgres $(GO) test $(AT_ONCE) ./cmd/... ./test/...
	@echo
	@echo "All tests passed: both databases, the race detector, the browser, the checks. Nothing was skipped."

check: format vet static known-faults sizes ## what can be found without running anything

format:
	@unformatted=$$(git ls-files -z --cached --others --exclude-standard '*.go' | xargs -0 gofmt -l); \
	if [ -n "$$unformatted" ]; then printf 'gofmt -w these:\n%s\n' "$$unformatted"; exit 1; fi

vet:
	$(GO) vet ./...

static:
	$(GO) run $(STATICCHECK) ./...

# The list of known faults comes over the network. Where that is closed, the check cannot be had, which is no fault.
known-faults:
	@out=$$($(GO) run $(GOVULNCHECK) ./... 2>&1); status=$$?; \
	if [ $$status -eq 0 ]; then echo "known faults: none in what Woggle uses"; \
	elif echo "$$out" | grep -qiE 'fetching vulnerabilities|vuln\.go\.dev|dial tcp|no such host|connection refused'; then \
		echo "known faults: not checked, because their list could not be fetched"; \
	else echo "$$out"; exit 1; fi

sizes:
	@$(GO) run ./test/house

build: ## bin/woggle, to be copied to a server
	CGO_ENABLED=0 $(GO) build $(SHIPPED) -buildvcs=auto -o $(BINARY) ./cmd/woggle
	@size=$$(wc -c < $(BINARY)); echo "$(BINARY): $$size bytes"; \
	if [ $$size -gt $(BINARY_LIMIT) ]; then echo "That is more than $(BINARY_LIMIT)."; exit 1; fi

bench: ## how fast it is, each figure beside its yardstick
	$(GO) run ./test/bench

tools: $(patsubst %/package.json,%/node_modules/.package-lock.json,$(wildcard authenticator/package.json test/*/package.json))
	@test/install.sh

%/node_modules/.package-lock.json: %/package-lock.json
	@test/install.sh
	npm ci --prefix $* --ignore-scripts --no-audit --no-fund
	@touch $@
