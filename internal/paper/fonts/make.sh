#!/bin/bash
# Makes the two fonts again from the npm package @expo-google-fonts/atkinson-hyperlegible-next 0.4.1, unpacked in the folder
# that is given, with Debian's python3-fonttools 4.38.0. Left are Western, Central European and Welsh letters, without hints and
# names, packed as a PDF holds them (zlib).
set -euo pipefail
letters='U+0020-007E,U+00A0-017F,U+0218-021B,U+1E80-1E85,U+1EF2-1EF3,U+2013,U+2014,U+2018-201A,U+201C-201E,U+2022,U+2026,U+20AC'
for weight in 400Regular 700Bold; do
    /usr/bin/python3 -m fontTools.subset "$1/$weight/AtkinsonHyperlegibleNext_$weight.ttf" --unicodes="$letters" \
        --no-hinting --no-glyph-names --notdef-outline --layout-features='' \
        --drop-tables+=GSUB,GPOS,GDEF,DSIG,STAT,gasp,meta,OS/2,name,post --output-file=/dev/stdout |
        /usr/bin/python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read(), 9))' >"$(dirname "$0")/${weight:3}.ttf.z"
done
