package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"woggle/internal/app/microsoft365/graph"
	"woggle/test/entra"
)

// besideEntra is the program as it is, beside a stand-in for Microsoft, whose address is in ENTRA. There is no setting for it: only
// a test can send a proof for Microsoft elsewhere (threat T63).
func besideEntra() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	at := os.Getenv("ENTRA")
	os.Exit(run(&program{ctx: ctx, out: os.Stdout, err: os.Stderr, environ: os.Environ(), clouds: func(cloud graph.Cloud) (graph.Endpoints, bool) {
		real, known := cloud.Endpoints()
		return graph.Endpoints{Login: at, Graph: at, Scope: real.Scope}, known
	}}, os.Args[1:]))
}

const (
	entraTenant = "0f0f0f0f-1111-4222-8333-444444444444"
	entraApp    = "a1a1a1a1-1111-4222-8333-555555555555"
)

// startEntra starts a stand-in for Microsoft with a tenant, and sets ENTRA. The scripts then know: entra upload FILE, which gives the
// application a certificate; entra locked-out, which demands that nobody is; entra lose, which breaks off the next batch.
func startEntra(ts *testscript.TestScript, not bool, args []string) {
	if len(args) > 0 {
		e := ts.Value(entraKey{}).(*standIn)
		e.Look(func() { e.do(ts, not, args) })
		return
	}
	tenant := &entra.Tenant{ID: entraTenant, SecurityDefaults: true,
		Domains: []*entra.Domain{{ID: "northwold.onmicrosoft.com", Initial: true}, {ID: "northwold.example", Default: true}},
		Apps: []*entra.App{{ID: entraApp, Roles: []string{"Domain.ReadWrite.All", "User.ReadWrite.All", "RoleManagement.Read.Directory", "Policy.Read.All",
			"LicenseAssignment.ReadWrite.All", "AuditLog.Read.All", "UserAuthenticationMethod.Read.All"}}},
		SKUs: []*entra.SKU{{ID: "3b555118-da6a-4418-894f-7df1e2096870", Name: "O365_BUSINESS_ESSENTIALS", Seats: 3}},
		Users: []*entra.User{
			{ID: "a1", UPN: "glass1@northwold.onmicrosoft.com", DisplayName: "Break glass 1", GlobalAdmin: true, Methods: []string{"passKeyDeviceBound"}},
			{ID: "b1", UPN: "Aisha.Khan@northwold.example", DisplayName: "=HYPERLINK(\"https://evil.example\")", Methods: []string{"mobilePhone"}},
			{ID: "b2", UPN: "scanner@northwold.example", DisplayName: "Scanner"},
			{ID: "b3", UPN: "ruth@northwold.example", DisplayName: "Ruth\x1b[2J", Mail: "ruth@example.org", Methods: []string{"officePhone", "softwareOneTimePasscode"}},
		}}
	e := &standIn{entra.New(time.Now, tenant), tenant}
	server := httptest.NewServer(e)
	ts.Defer(server.Close)
	e.URL = server.URL
	ts.Setenv("ENTRA", server.URL)
	*ts.Value(entraKey{}).(*standIn) = *e
}

type entraKey struct{}

type standIn struct {
	*entra.Entra
	tenant *entra.Tenant
}

func (e *standIn) do(ts *testscript.TestScript, not bool, args []string) {
	switch args[0] {
	case "upload":
		block, _ := pem.Decode([]byte(ts.ReadFile(args[1])))
		certificate, err := x509.ParseCertificate(block.Bytes)
		ts.Check(err)
		e.tenant.Apps[0].Certificates = append(e.tenant.Apps[0].Certificates, certificate)
	case "default":
		for _, d := range e.tenant.Domains {
			d.Default = d.ID == args[1]
		}
	case "glass":
		e.tenant.Users = append(e.tenant.Users, &entra.User{ID: "a2", UPN: "glass2@northwold.onmicrosoft.com", DisplayName: "Break glass 2", GlobalAdmin: true, Methods: []string{"passKeyDeviceBound"}})
	case "remove":
		e.tenant.Users = slices.DeleteFunc(e.tenant.Users, func(u *entra.User) bool { return u.UPN == args[1] })
	case "federated":
		if (e.tenant.Domain(args[1]).Federation != nil) == not {
			ts.Fatalf("%s is not as it is to be", args[1])
		}
	case "nobody-locked-out":
		if locked := e.tenant.LockedOut(); len(locked) > 0 {
			ts.Fatalf("locked out are %s", strings.Join(locked, ", "))
		}
	default:
		ts.Fatalf("entra cannot %s", args[0])
	}
}
