// The camera of the phones: Chromium's own, which shows a film. The film is made of what is on somebody's screen.
package browser

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
)

// What the camera sees, in pixels, and for how many frames (30 are a second) it sees each picture.
const (
	filmWidth  = 1280
	filmHeight = 720
	still      = 8
)

// film is the file that Chromium shows to whoever uses the camera. It is read anew each time that the camera is opened.
func (s *Suite) film() string { return filepath.Join(s.folder, "camera.mjpeg") }

// Scan holds the camera over the pictures, which come again and again, from when the story presses what opens the camera until
// the words are on the screen. There is one camera for all phones, and it is waited for.
func (p *Phone) Scan(press, seen string, pictures ...[]byte) *Phone {
	p.t.Helper()
	p.suite.camera.Lock()
	defer p.suite.camera.Unlock()
	if err := p.suite.show(pictures...); err != nil {
		p.t.Fatal(err)
	}
	p.Tap(press)
	p.waitFor("%s.some((one) => words().includes(one))", p.say(seen))
	p.Wait("!document.querySelector('video')") // whoever comes next must not see this film
	return p.look()
}

// show makes the film, of an empty table if there is no picture.
func (s *Suite) show(pictures ...[]byte) error {
	var film bytes.Buffer
	for _, picture := range pictures {
		screen, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			return err
		}
		frame, err := filmed(screen)
		if err != nil {
			return err
		}
		film.Write(bytes.Repeat(frame, still))
	}
	if len(pictures) == 0 {
		frame, err := filmed(image.Transparent)
		if err != nil {
			return err
		}
		film.Write(frame)
	}
	return os.WriteFile(s.film(), film.Bytes(), 0o600)
}

// filmed is one frame of the film: the picture of a screen on a grey table. A file of such frames is a film as it is (MJPEG).
func filmed(screen image.Image) ([]byte, error) {
	frame := image.NewRGBA(image.Rect(0, 0, filmWidth, filmHeight))
	draw.Draw(frame, frame.Bounds(), image.NewUniform(color.Gray{Y: 0x88}), image.Point{}, draw.Src)
	size := screen.Bounds().Size()
	at := image.Pt((filmWidth-size.X)/2, (filmHeight-size.Y)/2)
	draw.Draw(frame, image.Rectangle{Min: at, Max: at.Add(size)}, screen, screen.Bounds().Min, draw.Over)
	var out bytes.Buffer
	err := jpeg.Encode(&out, frame, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}
