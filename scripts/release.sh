#!/bin/sh
# release.sh: builds what is published into dist/: sdist, wheel, a CycloneDX bill of materials, and the audit of the pins.
# Tools are those pinned in requirements/release.txt, in an environment of their own that is thrown away.
# Without a way to the service that knows of vulnerabilities nothing is released: dist/ stays, the exit status is 3.
set -eu
cd "$(dirname "$0")/.."
dist=${DIST:-dist}
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

"$(sh scripts/find-python.sh)" -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements/release.txt

rm -rf "$dist"
mkdir -p "$dist"
"$tools/venv/bin/python" -m build --no-isolation --outdir "$dist" . >"$tools/build.log" 2>&1 || { cat "$tools/build.log" >&2; exit 1; }
wheel=$(basename "$dist"/*.whl)
version=$(echo "$wheel" | cut -d- -f2)

bom=$dist/twoleg-$version.cdx.json
PYTHONWARNINGS=ignore "$tools/venv/bin/cyclonedx-py" requirements --pyproject pyproject.toml --mc-type application --output-reproducible \
    --spec-version 1.6 --output-format JSON --output-file "$bom" requirements/runtime.txt

audit=$dist/twoleg-$version.audit.json
if "$tools/venv/bin/pip-audit" --requirement requirements/runtime.txt --require-hashes --disable-pip --progress-spinner off \
    --format json --output "$audit" 2>"$tools/audit.log"; then
    verdict="no known vulnerabilities"
elif [ -s "$audit" ]; then
    echo "release: the pins have known vulnerabilities: see $audit, then make lock" >&2
    exit 1
else
    tail -n 1 "$tools/audit.log" >&2
    echo "release: the pins were not audited, for the service that knows of vulnerabilities could not be asked." >&2
    echo "release: $dist/ holds what was built; do not publish it before \`make release\` went through with a network." >&2
    exit 3
fi
(cd "$dist" && sha256sum twoleg-* >SHA256SUMS)
echo "$dist/: $(ls "$dist" | tr '\n' ' ')($verdict)"
