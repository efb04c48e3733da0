package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"woggle": main, "woggle-beside-entra": besideEntra})
}

// The scripts in testdata are what a person could type.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"port": port, "await": await, "fetch": fetch, "mode": mode, "certificate": makeCertificate, "empty": empty,
			"givephone": givePhone, "gateway": startGateway, "asscim": asSCIM, "entra": startEntra,
		},
		Setup: func(e *testscript.Env) error {
			e.Values[entraKey{}] = &standIn{}
			// A demonstration keeps its things in the folder for temporary files: it is to leave nothing there.
			e.Setenv("TMPDIR", e.WorkDir+"/tmp")
			return os.Mkdir(e.WorkDir+"/tmp", 0o700)
		},
	})
}

// port sets a variable to a free port. A demonstration takes it and the two after it, which are free as well: APPS is the first
// of those, and NEXT, free too, the one that is left for another demonstration.
func port(ts *testscript.TestScript, _ bool, names []string) {
	for range 50 {
		var taken []net.Listener
		first, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		number := first.Addr().(*net.TCPAddr).Port
		for more := 1; more <= 3 && err == nil; more++ {
			var one net.Listener
			if one, err = net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(number+more)); err == nil {
				taken = append(taken, one)
			}
		}
		for _, one := range append(taken, first) {
			one.Close()
		}
		if err == nil {
			ts.Setenv(names[0], strconv.Itoa(number))
			ts.Setenv("APPS", strconv.Itoa(number+1))
			ts.Setenv("NEXT", strconv.Itoa(number+3))
			return
		}
	}
	ts.Fatalf("no four free ports in a row")
}

// believer believes every certificate: which one is shown is not its question.
var believer = http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// await asks an address until it answers with 200.
func await(ts *testscript.TestScript, _ bool, args []string) {
	pause := time.NewTicker(10 * time.Millisecond) // between two looks; another program can't say that it is ready
	defer pause.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-pause.C {
		if r, err := believer.Get(args[0]); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
	}
	ts.Fatalf("%s does not answer", args[0])
}

// fetch puts what an address answers into the file "fetched", its status on the first line. With !, nobody answers.
func fetch(ts *testscript.TestScript, not bool, args []string) {
	r, err := believer.Get(args[0])
	if not {
		if err == nil {
			r.Body.Close()
			ts.Fatalf("%s answers with %d", args[0], r.StatusCode)
		}
		return
	}
	ts.Check(err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("fetched"), []byte(r.Status+"\n"+string(text)), 0o600))
}

// mode demands the permissions of a file.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("%s has the mode %s, want %s", args[1], got, args[0])
	}
}

// empty demands that a folder has nothing in it.
func empty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s has %s in it", args[0], entries[0].Name())
	}
}

// asSCIM TOKENFILE METHOD ADDRESS [BODYFILE] prints the status and the answer.
func asSCIM(ts *testscript.TestScript, _ bool, args []string) {
	body := ""
	if len(args) > 3 {
		body = ts.ReadFile(args[3])
	}
	r, err := http.NewRequest(args[1], args[2], strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[0])))
	answer, err := believer.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n", answer.Status, text)
}

// startGateway FILE… starts an SMS gateway that takes everything, and puts its address into the files for GATEWAY.
func startGateway(ts *testscript.TestScript, _ bool, files []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "OK") }), ReadHeaderTimeout: time.Minute}
	go server.Serve(listener)
	ts.Defer(func() { server.Close() })
	for _, file := range files {
		text := ts.ReadFile(file)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(text, "GATEWAY", "http://"+listener.Addr().String())), 0o600))
	}
}

// givePhone FOLDER USERNAME NUMBER gives a person a phone, in the database that is kept there. A fourth word makes it one of a
// version that knew no fingerprints.
func givePhone(ts *testscript.TestScript, _ bool, args []string) {
	folder := ts.MkAbs(args[0])
	d, ring, err := open(context.Background(), Site{Data: folder, Database: "sqlite:" + folder + "/woggle.db", Keys: folder + "/woggle.keys"})
	ts.Check(err)
	defer d.Close()
	ts.Check(d.Tx(context.Background(), func(tx *db.Tx) error {
		user, err := person(tx, args[1])
		if err != nil {
			return err
		}
		row, err := phone.Row(ring, user.ID, phone.Number{E164: args[2], Kind: phone.Mobile, Region: "GB"}, message.SMS)
		if err != nil {
			return err
		}
		if len(args) > 3 {
			row.Lookup = ""
		}
		return signin.InsertMethod(tx, row)
	}))
}

// makeCertificate NAME HOST DAYS makes NAME.crt and NAME.key, for the host, which end in so many days.
func makeCertificate(ts *testscript.TestScript, _ bool, args []string) {
	days, err := strconv.Atoi(args[2])
	ts.Check(err)
	_, err = makePair(ts.MkAbs(args[0]), args[1], days)
	ts.Check(err)
}

func makePair(path, host string, days int) (der []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	end := time.Now().AddDate(0, 0, days)
	leaf := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: end.AddDate(-1, 0, 0), NotAfter: end}
	if der, err = x509.CreateCertificate(rand.Reader, &leaf, &leaf, &key.PublicKey, key); err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return der, errors.Join(
		os.WriteFile(path+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(path+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}
