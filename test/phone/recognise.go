// Hearing digits.

package phone

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// model is what pocketsphinx knows of English.
const model = "/usr/share/pocketsphinx/model/en-us"

// grammar is what a recording of a code can say between two silences. Given less to choose from, the recogniser is nearly
// always right; asked for whole sentences it hears nothing.
const grammar = `#JSGF V1.0;
grammar line;
<digit> = zero | one | two | three | four | five | six | seven | eight | nine;
public <line> = [[your] code is | once more] <digit> | goodbye;
`

var digit = map[string]string{"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
	"eight": "8", "nine": "9"}

// Recognise returns the digits of the code that an English recording reads out, from "your code is" to its end: the code
// twice, if it was heard to its end. Nothing else may be in the recording but the end of a word before: it would be heard as
// digits.
func Recognise(wav string) (digits string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "digits")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	words, err := listen(ctx, folder, wav)
	if err != nil {
		return "", err
	}
	reading := false
	for _, said := range words {
		reading = reading || strings.Contains(said, "code is")
		if said == "goodbye" || !reading { // before that, it is the end of something else
			continue
		}
		digits += digit[said[strings.LastIndexByte(said, ' ')+1:]]
	}
	if digits == "" {
		return "", fmt.Errorf("no code is read out, but: %s", strings.Join(words, ", "))
	}
	return digits, nil
}

var hypothesis = regexp.MustCompile(`(?m)^([a-z ]+) \(`)

// listen returns what is said between silences.
func listen(ctx context.Context, folder, wav string) (words []string, err error) {
	if _, err := run(ctx, "sox", wav, "-r", "16000", "-b", "16", "-e", "signed", "-c", "1", filepath.Join(folder, "s.wav"),
		"silence", "1", "0.03", "1%", "1", "0.35", "1%", "pad", "0.3", "0.3", ":", "newfile", ":", "restart"); err != nil {
		return nil, err
	}
	pieces, err := filepath.Glob(filepath.Join(folder, "s*.wav")) // sorted
	if err != nil {
		return nil, err
	}
	list := ""
	for _, piece := range pieces {
		list += strings.TrimSuffix(filepath.Base(piece), ".wav") + "\n"
	}
	file := func(name, text string) string {
		name = filepath.Join(folder, name)
		if e := os.WriteFile(name, []byte(text), 0o600); e != nil {
			err = e
		}
		return name
	}
	list, gram, heard := file("list", list), file("line.gram", grammar), file("heard", "")
	if err != nil {
		return nil, err
	}
	// Without these settings (batch normalisation, and no removal of noise) it mishears half of the digits.
	if _, err := run(ctx, "pocketsphinx_batch", "-adcin", "yes", "-adchdr", "44", "-cepdir", folder, "-cepext", ".wav", "-ctl", list,
		"-hyp", heard, "-hmm", model+"/en-us", "-dict", model+"/cmudict-en-us.dict", "-jsgf", gram, "-cmn", "batch",
		"-remove_noise", "no", "-logfn", os.DevNull); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(heard)
	if err != nil {
		return nil, err
	}
	for _, match := range hypothesis.FindAllStringSubmatch(string(text), -1) {
		words = append(words, match[1])
	}
	return words, nil
}

func run(ctx context.Context, program string, arguments ...string) (output []byte, err error) {
	output, err = exec.CommandContext(ctx, program, arguments...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", program, err, output)
	}
	return output, err
}
