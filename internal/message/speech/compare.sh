#!/usr/bin/env bash
# Tells how well a recogniser understands the digits of each English voice that Debian has, on a telephone line: band-pass of
# 300 to 3400 Hz, 8 kHz mu-law, without noise and with white noise 30 to 20 dB below the voice. The recogniser names one
# digit at a time, because that is how a code is read out; a code is right when all its six digits are. Prints a table.
# The same input gives the same table. Needs flite, festival, festvox-us-slt-hts, espeak-ng, sox, pocketsphinx and
# pocketsphinx-en-us. The decision that came of it: docs/decisions/speech.md.
set -euo pipefail
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

words=(zero one two three four five six seven eight nine)
codes=(402917 558061 987654 013579 246810 112233 739482 664207 890123 375196 951840 482915 706358 129604)
model=/usr/share/pocketsphinx/model/en-us
echo '#JSGF V1.0; grammar digit; public <digit> = zero | one | two | three | four | five | six | seven | eight | nine;' > "$tmp/digit.gram"

# say VOICE DIGIT: as text, into raw.wav
say() {
  case $1 in
    bundled)  cp "clips/en/digit-$2.wav" "$tmp/raw.wav" ;;
    flite:*:*) # with how much slower
      IFS=: read -r _ name stretch <<< "$1"
      flite -voice "$name" --setf duration_stretch="$stretch" -t "${words[$2]}." -o "$tmp/raw.wav" ;;
    flite:*)  flite -voice "${1#*:}" -t "${words[$2]}." -o "$tmp/raw.wav" ;;
    festival:*) echo "${words[$2]}." | text2wave -eval "(voice_${1#*:})" -o "$tmp/raw.wav" ;;
    espeak:*) espeak-ng -v "${1#*:}" -s 140 -w "$tmp/raw.wav" "${words[$2]}" ;;
  esac
}

# level: as make.sh levels and cuts, with a pause at both ends.
level() {
  sox -R -D "$tmp/raw.wav" -r 8000 -c 1 -b 16 "$1" norm -3 silence 1 0.01 0.4% reverse silence 1 0.01 0.4% reverse pad 0.3 0.3
}

loudness() { sox "$1" -n stat 2>&1 | awk '/RMS.*amplitude/ { print $3 }'; }

# line CLIP OUT DECIBELS OFFSET: through the line, with a piece of the noise that begins at the offset, or "clean"
line() {
  if [ "$3" = clean ]; then
    sox -R -D "$1" -e mu-law "$tmp/line.wav" sinc 300-3400
  else
    volume=$(awk "BEGIN { print $(cat "$1.rms") / $noise / 10 ^ ($3 / 20) }")
    sox -R -D -m -v 1 "$1" -v "$volume" "|sox $tmp/noise.wav -p trim $4 $(soxi -D "$1")" -e mu-law "$tmp/line.wav" sinc 300-3400
  fi
  sox -R -D "$tmp/line.wav" -r 16000 -b 16 -e signed "$2"
}

# recognise DIR: writes what is heard in every file of DIR into DIR.heard, as "name word"
recognise() {
  (cd "$1" && ls *.wav | sed 's/\.wav$//') > "$tmp/ctl"
  pocketsphinx_batch -adcin yes -adchdr 44 -cepdir "$1" -cepext .wav -ctl "$tmp/ctl" -hyp "$tmp/hyp" -hmm "$model/en-us" \
    -dict "$model/cmudict-en-us.dict" -jsgf "$tmp/digit.gram" -cmn batch -remove_noise no -logfn /dev/null
  sed -E 's/^([a-z]*) ?\(([^ ]+) .*/\2 \1/' "$tmp/hyp" > "$1.heard"
}

# score DIR: how many digits and how many codes were right, of the files named CODE-PLACE
score() {
  awk -v words="${words[*]}" '
    BEGIN { split(words, word, " ") }
    { code = substr($1, 1, 6); digit = substr($1, substr($1, 8) + 1, 1); all[code]; n++
      if ($2 == word[digit + 1]) right++; else wrong[code] }
    END { for (code in all) { codes++; if (!(code in wrong)) good++ }
      printf " %d of %d, %d of %d |", right, n, good, codes }' "$1.heard"
}

sox -R -D -n -r 8000 -b 16 "$tmp/noise.wav" synth 400 whitenoise sinc 300-3400 gain -6
noise=$(loudness "$tmp/noise.wav")

echo '| voice | length of a digit | no noise: digits, codes | 30 dB | 27 dB | 24 dB | 20 dB | without noise misheard |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- |'
for voice in ${*:-bundled flite:rms flite:kal flite:slt flite:awb festival:cmu_us_slt_arctic_hts espeak:en-us espeak:en-gb espeak:en-gb-x-rp espeak:en-gb-scotland}; do
  dir=$tmp/$voice
  mkdir -p "$dir"
  for d in {0..9}; do
    say "$voice" "$d"
    level "$dir/$d.wav"
    loudness "$dir/$d.wav" > "$dir/$d.wav.rms"
  done
  seconds=$(soxi -D "$dir"/?.wav | awk '{ sum += $1 - 0.6 } END { printf "%.2f s", sum / NR }')
  printf '| %s | %s |' "$voice" "$seconds"
  for decibels in clean 30 27 24 20; do
    mkdir -p "$dir/$decibels"
    offset=0
    for code in "${codes[@]}"; do
      for place in {0..5}; do
        line "$dir/${code:place:1}.wav" "$dir/$decibels/$code-$place.wav" "$decibels" "$offset"
        offset=$((offset + 4))
      done
    done
    recognise "$dir/$decibels"
    score "$dir/$decibels"
  done
  awk -v words="${words[*]}" 'BEGIN { split(words, word, " ") }
    { said = word[substr($1, substr($1, 8) + 1, 1) + 1]; if ($2 != said && !seen[said $2]++) printf " %s as %s;", said, $2 }
    END { print " |" }' "$dir/clean.heard"
done
