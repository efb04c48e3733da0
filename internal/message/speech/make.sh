#!/usr/bin/env bash
# Records every clip under clips/ from phrases.txt, sounds.txt, names.txt and organisations.txt: 8 kHz mu-law mono WAV, the
# telephone's own form, so that joining clips needs no arithmetic. Needs flite, espeak-ng and sox
# (Debian's packages). Only their output is shipped. An operator may replace any clip by a real voice.
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# keep CLIP: levels the raw recording, cuts the silence at both ends, writes it in the telephone's form.
# -R and -D make two runs give the same bytes.
keep() {
  sox -R -D "$tmp/raw.wav" -r 8000 -c 1 -e mu-law "clips/$1.wav" \
    norm -3 silence 1 0.01 0.4% reverse silence 1 0.01 0.4% reverse
}
english_text()   { flite -voice rms -t "$2" -o "$tmp/raw.wav"; keep "$1"; }
english_phones() { flite -voice rms -p "$2" -o "$tmp/raw.wav"; keep "$1"; }
welsh_text()     { espeak-ng -v cy -s 140 -w "$tmp/raw.wav" "$2"; keep "$1"; }
lines()          { grep -v '^#' "$1"; }

rm -rf clips
mkdir -p clips/en clips/cy clips/names clips/organisations
while IFS='|' read -r name en cy; do
  english_text "en/$name" "$en"
  welsh_text "cy/$name" "$cy"
done < <(lines phrases.txt)
while IFS='|' read -r name en cy; do
  case $name in
    digit-*) english_text "en/$name" "$en" ;;
    *)       english_phones "en/$name" "$en" ;;
  esac
  welsh_text "cy/$name" "$cy"
done < <(lines sounds.txt)
while IFS='|' read -r name phones; do
  if [ -n "$phones" ]; then english_phones "names/${name,,}" "$phones"; else english_text "names/${name,,}" "$name"; fi
done < <(lines names.txt)
while IFS= read -r name; do
  slug=${name,,}
  english_text "organisations/${slug// /-}" "$name"
done < <(lines organisations.txt)

# The tests compare these sums, so that no text changes without being recorded again.
sha256sum phrases.txt sounds.txt names.txt organisations.txt > clips/SOURCES

# The program carries them packed.
go test . -run Packed -update
