// The pictures of the user guide: small files, and each knows the words that it shows, so that a stale one is noticed.
package browser

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pictures is the folder of the user guide's.
const pictures = module + "/docs/user/pictures"

// widest is the most pixels that a picture has in a row; the guide serves no wider one.
const widest = 1600

// Picture is the picture of the user guide with the name, in the language of the window. It is taken if WOGGLE_PICTURES=1;
// else there must be one, of a page with the same words.
func (w *Window) Picture(name string) *Window {
	w.t.Helper()
	file := filepath.Join(pictures, name+"."+eval[string](w, "document.documentElement.lang")+".png")
	sum := sha256.Sum256([]byte(eval[string](w, "pictured", w.suite.months()...)))
	words := hex.EncodeToString(sum[:8])
	if os.Getenv("WOGGLE_PICTURES") != "1" {
		if made, err := os.ReadFile(file); err != nil || wordsOf(made) != words {
			w.t.Errorf("%s is missing or shows other words than its page: WOGGLE_PICTURES=1 go test ./test/browser takes it", file)
		}
		return w
	}
	img, err := png.Decode(bytes.NewReader(w.Screenshot("")))
	if err != nil {
		w.t.Fatal(err)
	}
	var small bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&small, fewColours(img)); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(file, withWords(small.Bytes(), words), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return w
}

// months are the names of the months, in every language.
func (s *Suite) months() (names []any) {
	for month := time.January; month <= time.December; month++ {
		names = append(names, month.String())
		for _, welsh := range s.welsh[month.String()] {
			names = append(names, welsh)
		}
	}
	return names
}

// Screenshot is the part of the page that the selector names, or all of it below the bar of the demonstration; the
// window is made as high as that needs. It has two pixels for each of CSS where the guide can show so many.
func (w *Window) Screenshot(selector string) []byte {
	w.t.Helper()
	type box struct{ X, Y, Width, Height float64 }
	metrics := func(height int64) {
		call(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: w.width, Height: height, DeviceScaleFactor: 1})
	}
	metrics(100) // whatever is stretched to the height of the window is not
	w.run("moving the mouse away", chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0))
	at := eval[box](w, "frame", selector)
	metrics(int64(at.Y + at.Height))
	scale := min(2, widest/float64(w.width))
	shot := call(w, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "png",
		Clip: &page.Viewport{X: at.X, Y: at.Y, Width: at.Width, Height: at.Height, Scale: scale}})
	w.set(w.width, w.dark)
	return shot.Data
}

// fewColours is a picture with a palette: the colours that are seen most, and for the others the nearest of them.
func fewColours(img image.Image) *image.Paletted {
	count := map[color.RGBA]int{}
	bounds := img.Bounds()
	rgba := image.NewRGBA(bounds)
	draw.Draw(rgba, bounds, img, bounds.Min, draw.Src)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[rgba.RGBAAt(x, y)]++
		}
	}
	colours := make([]color.RGBA, 0, len(count))
	for c := range count {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	palette := color.Palette{}
	for _, c := range colours[:min(len(colours), 32)] {
		palette = append(palette, c)
	}
	few, index := image.NewPaletted(bounds, palette), map[color.RGBA]uint8{}
	for i, c := range colours {
		if index[c] = uint8(i); i >= len(palette) {
			index[c] = uint8(palette.Index(c))
		}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			few.SetColorIndex(x, y, index[rgba.RGBAAt(x, y)])
		}
	}
	return few
}

// The words of a picture stand in a text chunk of the file (PNG, third edition, section 11.3.3.2), as a hash.
const (
	wordsChunk = "tEXtWords\x00"
	headSize   = 8 + 25 // signature and IHDR, which must come first
)

func withWords(file []byte, words string) []byte {
	chunk := []byte(wordsChunk + words)
	whole := binary.BigEndian.AppendUint32(slices.Clone(file[:headSize]), uint32(len(chunk)-4))
	whole = append(whole, chunk...)
	whole = binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(chunk))
	return append(whole, file[headSize:]...)
}

func wordsOf(file []byte) string {
	_, rest, _ := bytes.Cut(file, []byte(wordsChunk))
	return string(rest[:min(len(rest), 16)])
}
