# The commands of a contributor and of an administrator. Each installs what is missing, or says what is.

SWIFT_FLAGS = --explicit-target-dependency-import-check=error
PREFIX ?= /usr
DESTDIR ?=

.PHONY: run test build release bench fuzz powercut format install needs

needs:
	@scripts/need swift build

build: needs                    ## every program, for development
	swift build $(SWIFT_FLAGS)

release: needs                  ## every program, optimised, Swift's libraries linked in
	swift build -c release -Xswiftc -g --static-swift-stdlib $(SWIFT_FLAGS)

run: needs                      ## a running mail server inside this checkout: example.test, two accounts
	@scripts/run

test: needs                     ## form, walls, libraries, rooms, and the whole house with real clients
	@scripts/need test units peers
	@scripts/test

bench: needs                    ## figures with thresholds, and a peer beside us in the same run
	@scripts/need bench peers
	@scripts/bench

fuzz: needs                     ## rubbish for every parser; SECONDS_EACH=60
	@scripts/fuzz $(or $(SECONDS_EACH),60)

powercut: release               ## real power cuts, in a virtual machine; ROUNDS=5
	@scripts/need powercut
	@scripts/powercut

format: needs
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks Fuzz

install: release                ## programs, units and the example settings, below $(DESTDIR)
	@scripts/install "$(DESTDIR)" "$(PREFIX)"
