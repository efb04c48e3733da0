#!/bin/bash
# Draws the icons that phones take as pictures of dots, from the drawings here. Debian's package is librsvg2-bin.
set -euo pipefail
cd "$(dirname "$0")/../public"
draw() { rsvg-convert --width "$2" --height "$2" --output "$3" "$1"; }
draw icon.svg 192 icon-192.png
draw icon.svg 512 icon-512.png
draw ../art/maskable.svg 192 icon-maskable-192.png
draw ../art/maskable.svg 512 icon-maskable-512.png
draw ../art/maskable.svg 180 icon-180.png # iOS rounds the corners itself
draw ../art/badge.svg 96 badge-96.png
