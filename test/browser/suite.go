// One Chromium and one build of the program for a whole test run.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The module, and where npm puts the rules of accessibility, seen from the folder of this package.
const (
	module  = "../.."
	axeFile = "node_modules/axe-core/axe.min.js"
)

// extras are features of Chromium that cost each window a process or two, and show nobody anything here: the list below the
// address bar, and renderers for pages that may come.
const extras = "Translate,PreloadTopChromeWebUI,WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess"

// Suite is what all stories share. Its methods may be used by several stories at once.
type Suite struct {
	folder   string
	program  string          // the built woggle
	chromium context.Context // of the browser itself, with one empty tab
	stop     context.CancelFunc
	axe      string
	missing  []string            // what this machine lacks
	welsh    map[string][]string // the pages' sentences, by the English ones
	appWelsh map[string][]string // those of the authenticator app
	gate     *gate

	mu     sync.Mutex
	looked map[string]bool // the pages that were looked at
	camera sync.Mutex      // there is one, for all phones
}

// Start builds the program and starts Chromium. Without Chromium there is nothing to start, and each story says so.
func Start() (*Suite, error) {
	folder, err := os.MkdirTemp("", "woggle-browser-")
	if err != nil {
		return nil, err
	}
	s := &Suite{folder: folder, program: filepath.Join(folder, "woggle"), stop: func() {}, looked: map[string]bool{}}
	path, err := exec.LookPath("chromium")
	if err != nil {
		s.missing = append(s.missing, "chromium")
	}
	axe, err := os.ReadFile(axeFile)
	if s.axe = string(axe); err != nil {
		s.missing = append(s.missing, "axe-core (npm ci --prefix test/browser --ignore-scripts)")
	}
	if len(s.missing) > 0 {
		return s, nil
	}
	if s.welsh, err = readWelsh(readLocale); err != nil {
		return s, errors.Join(err, s.Stop())
	}
	if s.appWelsh, err = readWelsh(readApp); err != nil {
		return s, errors.Join(err, s.Stop())
	}
	build := exec.Command("go", "build", "-o", s.program, "./cmd/woggle")
	build.Dir = module
	if out, err := build.CombinedOutput(); err != nil {
		return s, errors.Join(fmt.Errorf("building woggle: %w\n%s", err, out), s.Stop())
	}
	if s.gate, err = openGate(); err != nil {
		return s, errors.Join(err, s.Stop())
	}
	if err := s.startChromium(path); err != nil {
		return s, errors.Join(fmt.Errorf("starting chromium: %w", err), s.Stop())
	}
	return s, nil
}

// preferences let a part of another site's page have its cookies, as Chrome does with most people and Debian's Chromium does not:
// WS-Federation tells apps of a sign-out by pictures.
const preferences = `{"profile": {"cookie_controls_mode": 0}}`

// startChromium starts a browser that reaches nothing but this computer.
func (s *Suite) startChromium(path string) error {
	profile := filepath.Join(s.folder, "chromium")
	if err := os.MkdirAll(filepath.Join(profile, "Default"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		return err
	}
	if err := s.show(); err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-features", extras), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP "+names+" "+s.gate.listener.Addr().String()+", MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
		chromedp.Flag("ignore-certificate-errors-spki-list", s.gate.pin),
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-file-for-fake-video-capture", s.film()),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("lang", "en-GB"),
		chromedp.UserDataDir(profile))
	allocator, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	var closeBrowser context.CancelFunc
	s.chromium, closeBrowser = chromedp.NewContext(allocator)
	s.stop = func() {
		patient, cancel := context.WithTimeout(s.chromium, 10*time.Second)
		defer cancel()
		_ = chromedp.Cancel(patient) // what does not close is ended by the next line
		closeBrowser()
		stopAllocator()
	}
	return chromedp.Do(s.chromium)
}

// Stop ends Chromium and removes what the run has left.
func (s *Suite) Stop() error {
	s.stop()
	if s.gate != nil {
		_ = s.gate.web.Close() // nobody asks any more
	}
	return os.RemoveAll(s.folder)
}

// need skips a story for which this machine lacks something; where everything must be tested it fails.
func (s *Suite) need(t testing.TB, programs ...string) {
	t.Helper()
	missing := s.missing
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	if len(missing) == 0 {
		return
	}
	report := t.Skipf
	if os.Getenv("WOGGLE_TEST_ALL") == "1" {
		report = t.Fatalf
	}
	report("this machine lacks %s", strings.Join(missing, " and "))
}

// first tells whether nobody has looked at a page yet.
func (s *Suite) first(page string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.looked[page]
	s.looked[page] = true
	return !seen
}

// readWelsh reads what English sentences are in Welsh. The same English may be several things in Welsh.
func readWelsh(read func(language string) (map[string]string, error)) (map[string][]string, error) {
	english, err := read("en")
	if err != nil {
		return nil, err
	}
	welsh, err := read("cy")
	if err != nil {
		return nil, err
	}
	words := map[string][]string{}
	for key, sentence := range english {
		words[sentence] = append(words[sentence], welsh[key])
	}
	return words, nil
}

func readLocale(language string) (map[string]string, error) {
	files, err := filepath.Glob(filepath.Join(module, "internal/page/locales", language, "*.json"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return texts, nil
}

var appSentence = regexp.MustCompile(`(?m)^  '([\w.-]+)': '(.+)',$`)

func readApp(language string) (map[string]string, error) {
	raw, err := os.ReadFile(filepath.Join(module, "authenticator/src/text", language+".ts"))
	texts := map[string]string{}
	for _, one := range appSentence.FindAllStringSubmatch(string(raw), -1) {
		texts[one[1]] = one[2]
	}
	return texts, err
}
