package message

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// certificate makes a key pair for this machine, which nobody trusts but who is given the pool, and the files of it.
func certificate(t *testing.T) (pair tls.Certificate, trust *tls.Config, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	folder := t.TempDir()
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return pair, &tls.Config{RootCAs: pool}, certFile, keyFile
}

// mailServer is a mail server with faults: it answers commands as told, or not at all.
type mailServer struct {
	port     int
	offers   []string          // extensions of EHLO
	answers  map[string]string // by the first word of a command; "" hangs; "drop" closes. "CONNECT" and "END" (of the data) count as commands
	startTLS *tls.Config

	hangs chan struct{} // told when it hangs
	mu    sync.Mutex
	lines []string // all commands
	mails []string // contents
}

// serve starts the server. With implicit set, it speaks TLS from the first byte.
func (s *mailServer) serve(t *testing.T, implicit *tls.Config) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port, s.hangs = listener.Addr().(*net.TCPAddr).Port, make(chan struct{}, 10)
	if implicit != nil {
		listener = tls.NewListener(listener, implicit)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { connection.Close() }()
				s.talk(&connection)
			})
		}
	})
}

func (s *mailServer) talk(connection *net.Conn) {
	in := bufio.NewReader(*connection)
	line, command := "", "CONNECT"
	for {
		if !s.answer(*connection, command) {
			return
		}
		switch {
		case command == "STARTTLS" && s.startTLS != nil:
			*connection = tls.Server(*connection, s.startTLS)
			in = bufio.NewReader(*connection)
		case command == "DATA":
			var mail strings.Builder
			for {
				part, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if part == ".\r\n" {
					break
				}
				mail.WriteString(strings.TrimPrefix(part, ".")) // RFC 5321 section 4.5.2
			}
			s.mu.Lock()
			s.mails = append(s.mails, mail.String())
			s.mu.Unlock()
			command = "END"
			continue
		}
		var err error
		if line, err = in.ReadString('\n'); err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		command = strings.ToUpper(strings.Fields(line + " ?")[0])
	}
}

// answer gives the answer to a command and tells whether to go on.
func (s *mailServer) answer(connection net.Conn, command string) bool {
	usual := map[string]string{"CONNECT": "220 test", "STARTTLS": "220 go on", "DATA": "354 go on", "AUTH": "235 welcome", "QUIT": "221 bye"}
	answer, told := s.answers[command]
	switch {
	case told && answer == "":
		s.hangs <- struct{}{}
		connection.Read(make([]byte, 1<<16)) // until the client gives up
		return false
	case answer == "drop":
		return false
	case told:
	case command == "EHLO":
		fmt.Fprint(connection, "250-test\r\n")
		for _, extension := range s.offers {
			fmt.Fprintf(connection, "250-%s\r\n", extension)
		}
		answer = "250 8BITMIME"
	case usual[command] != "":
		answer = usual[command]
	default:
		answer = "250 OK"
	}
	fmt.Fprintf(connection, "%s\r\n", answer)
	return answer[0] < '4' || command != "DATA"
}

// said tells whether a command beginning so was given.
func (s *mailServer) said(start string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.lines, func(line string) bool { return strings.HasPrefix(strings.ToUpper(line), start) })
}
