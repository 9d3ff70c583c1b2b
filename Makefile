# Two commands do everything on a fresh Debian: make train, make test. The building itself is CMake's.
# Three tiers of checks: make check, make test, make test-all (tools/test.sh).
JOBS ?= $(shell nproc)
TIME ?= 60
QUICKSTART = runs/quickstart

help:
	@echo 'make train   install what is missing, build, train the shipped example, show what came out'
	@echo 'make check   in minutes, while working: format, clang-tidy, spelling, shellcheck, the fast tests'
	@echo 'make test    install what is missing, build with gcc and with clang, run all but the slow tests'
	@echo 'make test-all    everything there is: every test, all cards, all sanitizers, the container images'
	@echo 'make build   build/cam-train alone'
	@echo 'make fuzz    search for inputs that break a parser, TIME=60 seconds each'
	@echo 'make bench   the figures of this machine'
	@echo 'make bench-ranks  two ranks beside one with two threads'
	@echo 'make parity  the numbers against PyTorch and transformers, where Python has them'
	@echo 'make gpu-check  all that only a GPU can tell, in two parts of at most 330 seconds'
	@echo 'make bundle  build/bundle.tgz: what a machine with a GPU needs for gpu-check, in one file'
	@echo 'make package  a Debian package, in build-package'
	@echo 'make docker-test  build the container images without an engine and try them, as root'
	@echo 'make setup   the packages that building needs'
	@echo 'make docs    write the pages of docs/ that are made from tables'
	@echo 'make replay  run the commands of README and tutorials, and write what they print'
	@echo 'make format  clang-format over all C sources'
	@echo 'make clean   remove what was built (runs/ stays)'

setup:
	@tools/setup.sh build

build: setup
	@test -f build/build.ninja || cmake -S . -B build -G Ninja -DCAM_TESTS=OFF
	@cmake --build build --parallel $(JOBS) --target cam-train

train: build
	build/cam-train --config configs/quickstart.yaml output_dir=$(QUICKSTART) overwrite_output_dir=true
	@echo
	@echo 'The trained model lies in $(QUICKSTART). Three sentences it has not seen:'
	build/cam-train predict --model $(QUICKSTART) --input examples/sentences.txt

# Machine code for few cards builds faster and keeps folders small: one for each of two ways of the kernels.
TEST_ARCHITECTURES ?= 80-real;90a-real

check:
	@tools/setup.sh check
	@JOBS=$(JOBS) tools/test.sh check

test:
	@tools/setup.sh test
	@JOBS=$(JOBS) TEST_ARCHITECTURES='$(TEST_ARCHITECTURES)' tools/test.sh test

# The container images are tried where they can be: by root.
test-all:
	@tools/setup.sh test
	@test "$$(id -u)" -ne 0 || tools/setup.sh docker
	@JOBS=$(JOBS) tools/test.sh all

fuzz:
	@tools/setup.sh fuzz
	@TIME=$(TIME) JOBS=$(JOBS) tools/fuzz.sh $(TARGETS)

docker-test:
	@test "$$(id -u)" -ne 0 || tools/setup.sh docker
	@docker/test.sh

bench: build
	@tools/setup.sh bench
	@cmake -S . -B build >/dev/null && cmake --build build --parallel $(JOBS)
	@bench/run.sh build

bench-ranks: build
	@bench/ranks.sh build

parity: build
	@python=$$(tools/python_env.sh debian | tail -n 1) && OMP_WAIT_POLICY=passive $$python tests/model/parity.py build/cam-train

gpu-check: build
	@tools/setup.sh test
	@cmake -S . -B build -DCAM_TESTS=ON -DCAM_BENCH=ON >/dev/null && cmake --build build --parallel $(JOBS)
	@tools/gpu_check.sh build

# A build of its own: machine code for one card (an H100 or H200) keeps the file small. Others by BUNDLE_ARCHITECTURES.
BUNDLE_ARCHITECTURES ?= 90a-real
BUNDLE_MOST ?= $(if $(filter 90a-real,$(BUNDLE_ARCHITECTURES)),20000000)
bundle: setup
	@tools/setup.sh test && tools/setup.sh bundle
	@cmake -S . -B build-bundle -G Ninja -DCMAKE_BUILD_TYPE=Release -DCAM_CUDA=ON -DCAM_OPENBLAS=OFF -DCAM_TESTS=ON -DCAM_BENCH=ON \
	    "-DCAM_CUDA_ARCHITECTURES=$(BUNDLE_ARCHITECTURES)" >/dev/null && cmake --build build-bundle --parallel $(JOBS) \
	    --target cam-train ops_test model_golden bench_train bench_ops ceilings nodes
	@mkdir -p build && BUNDLE_MOST=$(BUNDLE_MOST) tools/bundle.sh build-bundle build/bundle

# The reference of the configuration, the man page, the completion for bash, the table of boxes; the tests "docs" and "map"
# hold them up to date.
package:
	@tools/setup.sh package
	@cmake -S . -B build-package -G Ninja -DCAM_TESTS=OFF -DCAM_BENCH=OFF $(PACKAGE_OPTIONS)
	@cmake --build build-package --parallel $(JOBS) --target package

package-test: package
	@tools/package_test.sh build-package/cam-train_*.deb

docs: setup
	@test -f build/build.ninja || cmake -S . -B build -G Ninja -DCAM_TESTS=OFF
	@cmake --build build --parallel $(JOBS) --target cam-docs
	@build/cam-docs write docs && tools/map.sh write

replay: build
	@tools/replay.sh write build/cam-train README.md docs/tutorial.md docs/tutorial.fr.md

format:
	$$(command -v clang-format-14 || echo clang-format) -i $$(git ls-files '*.c' '*.h' '*.cc' '*.cu' '*.cuh')

clean:
	rm -rf build build-check build-test build-san build-clang build-bundle build-package build-fuzz build-tsan

.PHONY: help setup build train check test test-all fuzz docker-test package package-test bench bench-ranks parity bundle gpu-check docs replay format clean
