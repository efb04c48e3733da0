// The sample apps of the demonstration: listening beside it, and registered with it.
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/sampleapps"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory/sample"
)

// demoApps are the sample apps and where they listen.
type demoApps struct {
	*sampleapps.Apps
	listener, minibus net.Listener
}

// listenApps finds two addresses behind that of the demonstration. The second is for the site behind a proxy, which needs a
// host of its own. A browser takes 127.0.0.1 for another site than localhost, as an organisation's apps are.
func listenApps(ctx context.Context, demo net.Listener, any bool) (apps *demoApps, err error) {
	apps = &demoApps{}
	next := demo.Addr().(*net.TCPAddr).Port + 1
	for _, into := range []*net.Listener{&apps.listener, &apps.minibus} {
		if any {
			next = 0
		}
		if *into, err = listenLocally(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(next))); err != nil {
			apps.close()
			return nil, err
		}
		next = (*into).Addr().(*net.TCPAddr).Port + 1
	}
	return apps, nil
}

func (d *demoApps) close() {
	for _, l := range []net.Listener{d.listener, d.minibus} {
		if l != nil {
			l.Close() // there is nothing left that could go wrong
		}
	}
}

// make makes the apps for the sign-in with the address.
func (d *demoApps) make(signIn string, key <-chan sampleapps.Key, log *slog.Logger) (err error) {
	at := func(l net.Listener) string { return "http://" + l.Addr().String() }
	d.Apps, err = sampleapps.New(sampleapps.Options{SignIn: signIn, Base: at(d.listener), Minibus: at(d.minibus), Organisation: sample.Organisation,
		Log: log}, <-key)
	return err
}

// register puts the apps into the database.
func (d *demoApps) register(ctx context.Context, records *db.DB) error {
	cards, err := d.Cards()
	if err != nil {
		return err
	}
	return records.Tx(ctx, func(tx *db.Tx) error {
		leaders, _, err := app.GroupIDs(tx, []string{sample.Leaders})
		if err != nil {
			return err
		}
		for _, card := range cards {
			settings, err := json.Marshal(card.Settings)
			if err != nil {
				return err
			}
			one := &app.App{ID: card.ID, Name: card.Name, Protocol: card.Protocol, Launch: card.Launch, Logo: card.Logo, Tell: card.Tell, Settings: settings}
			if card.Leaders {
				one.Groups = leaders
			}
			if err := errors.Join(one.Check(), app.Put(tx, audit.System, one)); err != nil {
				return err
			}
		}
		return nil
	})
}

// serve answers until the context ends.
func (d *demoApps) serve(ctx context.Context, log *slog.Logger) {
	for listener, handler := range map[net.Listener]http.Handler{d.listener: d.Handler(), d.minibus: d.MinibusHandler()} {
		web := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
		context.AfterFunc(ctx, func() { web.Close() })
		go func() {
			if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				log.Error("the sample apps have stopped", "error", err)
			}
		}()
	}
}

// makeKey makes the key of the app that signs, while the records are made: it takes a while.
func makeKey() <-chan sampleapps.Key {
	made := make(chan sampleapps.Key, 1)
	go func() {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // unreachable: the system's randomness does not fail
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Kit shop"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
		if err != nil {
			panic(err) // unreachable: the key fits itself
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			panic(err) // unreachable: it was just made
		}
		made <- sampleapps.Key{Private: private, Certificate: certificate}
	}()
	return made
}
