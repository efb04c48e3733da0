// A certificate in files, read again when it was renewed.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is a pair of PEM files. Whoever renews it need not tell us.
type certificate struct {
	cert, key string

	mu     sync.Mutex
	loaded *tls.Certificate
	stamp  [2]time.Time // when the files were last changed
	looked time.Time
}

// lookEvery is how often the files are looked at.
const lookEvery = time.Minute

// get is the pair as the files have it. One that cannot be read, as in the middle of a renewal, leaves the old one in
// use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && time.Since(c.looked) < lookEvery {
		return c.loaded, nil
	}
	c.looked = time.Now()
	stamp, err := stampsOf(c.cert, c.key)
	if err == nil && (c.loaded == nil || stamp != c.stamp) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.loaded, c.stamp = &pair, stamp
		}
	}
	if c.loaded == nil {
		return nil, fmt.Errorf("the certificate cannot be used: %w", err)
	}
	return c.loaded, nil
}

func stampsOf(cert, key string) (stamp [2]time.Time, err error) {
	for i, path := range []string{cert, key} {
		info, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}
