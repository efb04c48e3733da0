// Making and checking password hashes: Argon2id, the PHC string, and the bound on how many run at once.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"woggle/internal/problem"
)

// What a new hash costs: the first choice of the OWASP Password Storage Cheat Sheet for Argon2id. Changing a number
// here makes every stored hash stale, and each is replaced when its owner next signs in.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	tagBytes  = 32
)

// Patience is how long somebody at a screen waits for a hash to be started.
const Patience = 2 * time.Second

// ErrBusy says that no hash could be started within the Hasher's waiting time: a problem of kind Busy, for a 503.
var ErrBusy error = problem.New(problem.Busy, "error.busy").After(5 * time.Second)

// Hasher makes and checks hashes, a bounded number of them at once.
//
// Its memory: 19 MiB for each hash at work, and what finished ones left until the garbage collector ran, because the
// library cannot use memory twice. These blocks hold no pointers and cost the collector next to nothing; what is left
// stays below the size of what lives. A soft memory limit for the process (debug.SetMemoryLimit) keeps it there on
// machines of many cores.
type Hasher struct {
	slots *semaphore.Weighted // first come, first served
	size  int64
	wait  time.Duration
	here  atomic.Int64 // who waits for a turn or has one
}

// queue is how many may wait for each turn: on a fast core, as many as are through in the waiting time.
const queue = 100

// NewHasher bounds hashing to concurrency hashes at once (0: one for each core) and to a wait of at most wait for a
// turn (0: 2 s). More at once than cores only makes everybody wait longer, and costs 19 MiB each.
func NewHasher(concurrency int, wait time.Duration) *Hasher {
	if concurrency <= 0 {
		concurrency = runtime.GOMAXPROCS(0)
	}
	if wait <= 0 {
		wait = Patience
	}
	return &Hasher{slots: semaphore.NewWeighted(int64(concurrency)), size: int64(concurrency), wait: wait}
}

// Hash makes the PHC string of a password, with a new salt. A password that is longer than MaxLength is a problem of
// kind Invalid; ErrBusy and the context's own error are the others.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	normal, ok := normalise(password)
	if !ok {
		return "", problem.New(problem.Invalid, (&Weak{Long}).Key())
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails: crypto/rand ends the process instead
	var tag []byte
	err := h.run(ctx, memoryKiB, func() { tag = derive([]byte(normal), salt) })
	if err != nil {
		return "", err
	}
	return phc{id: "argon2id", version: argon2.Version, salt: salt, tag: tag, params: []param{
		{"m", memoryKiB}, {"t", passes}, {"p", lanes}}}.String(), nil
}

// Verify tells whether the password is the one that was stored, as our PHC string or in an imported scheme. stale
// means that it is right and should be stored anew with Hash. An err other than ErrBusy or the context's own means
// that stored cannot be read (see Recognise); ok is false then.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	s, err := read(stored)
	if err != nil {
		return false, false, err
	}
	normal, fits := normalise(password)
	if !fits {
		return false, false, nil // no such password was ever accepted, and Dummy is as quick
	}
	err = h.run(ctx, s.memoryKiB, func() {
		ok = s.matches([]byte(normal))
		if s.light { // its speed must not tell strangers that this account exists and was imported
			derive([]byte(normal), make([]byte, saltBytes))
		}
	})
	return ok, ok && s.stale, err
}

// Dummy costs what Verify costs, for a user who does not exist or has no password: otherwise the time of the answer
// would tell. Its only errors are ErrBusy and the context's own, as in Verify.
func (h *Hasher) Dummy(ctx context.Context, password string) error {
	normal, fits := normalise(password)
	if !fits {
		return nil
	}
	return h.run(ctx, memoryKiB, func() {
		subtle.ConstantTimeCompare(derive([]byte(normal), make([]byte, saltBytes)), make([]byte, tagBytes))
	})
}

// Crowded tells that another hash would not be started in time, because of all who wait: for refusing at once, before
// there is more to do for it.
func (h *Hasher) Crowded() bool { return h.here.Load() > queue*h.size }

// run does the work when it is its turn. Work that needs more memory than one of our own hashes takes several turns
// at once, up to all of them, so that the sum stays bounded whatever was imported.
func (h *Hasher) run(ctx context.Context, memory uint64, work func()) error {
	turns := min(max(1, int64((memory+memoryKiB-1)/memoryKiB)), h.size)
	h.here.Add(1)
	defer h.here.Add(-1)
	waiting, leave := context.WithTimeoutCause(ctx, h.wait, ErrBusy)
	defer leave()
	if h.slots.Acquire(waiting, turns) != nil {
		return context.Cause(waiting) // ErrBusy, or why the caller's own context ended
	}
	defer h.slots.Release(turns)
	work()
	return nil
}

func derive(password, salt []byte) []byte {
	return argon2.IDKey(password, salt, passes, memoryKiB, lanes, tagBytes)
}

// normalise gives the form of a password that is hashed and judged: NFC (SP 800-63B-4 section 3.1.1.2), so that the
// same keys give the same password on every device. It is false when the password is longer than MaxLength. The
// first bound keeps a megabyte of input from being normalised at all; no 256 code points in NFC take that many bytes
// in any other form.
func normalise(password string) (string, bool) {
	if len(password) > 16*MaxLength {
		return "", false
	}
	normal := norm.NFC.String(password)
	return normal, utf8.RuneCountInString(normal) <= MaxLength
}

// phc is a hash in the PHC string format: $id[$v=version]$name=value,...$salt$tag.
type phc struct {
	id        string
	version   uint64 // 0 when absent
	params    []param
	salt, tag []byte
}

type param struct {
	name  string
	value uint64
}

// The Base64 of PHC strings, and that of Django and LDAP (RFC 4648 section 4).
var unpadded, padded = base64.RawStdEncoding, base64.StdEncoding

// decode reads Base64 so that one value has one spelling: no line ends, no stray bits at the end.
func decode(base *base64.Encoding, s string) ([]byte, error) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return base.Strict().DecodeString(s)
}

// String writes the hash.
func (p phc) String() string {
	var b strings.Builder
	b.WriteString("$" + p.id)
	if p.version > 0 {
		fmt.Fprintf(&b, "$v=%d", p.version)
	}
	for i, one := range p.params {
		fmt.Fprintf(&b, "%c%s=%d", "$,"[min(i, 1)], one.name, one.value)
	}
	b.WriteString("$" + unpadded.EncodeToString(p.salt) + "$" + unpadded.EncodeToString(p.tag))
	return b.String()
}

// values gives the parameters with these names, and false unless there are exactly these, in this order.
func (p phc) values(names ...string) ([]uint64, bool) {
	if len(p.params) != len(names) {
		return nil, false
	}
	var out []uint64
	for i, one := range p.params {
		if one.name != names[i] {
			return nil, false
		}
		out = append(out, one.value)
	}
	return out, true
}

var errPHC = errors.New("not a PHC string")

// parsePHC reads exactly what String writes; anything else is an error.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) < 5 || parts[0] != "" || parts[1] == "" {
		return phc{}, errPHC
	}
	p := phc{id: parts[1]}
	parts = parts[2:]
	if version, ok := strings.CutPrefix(parts[0], "v="); ok {
		n, err := number(version)
		if err != nil || n == 0 {
			return phc{}, errPHC
		}
		p.version, parts = n, parts[1:]
	}
	if len(parts) != 3 {
		return phc{}, errPHC
	}
	for field := range strings.SplitSeq(parts[0], ",") {
		name, value, ok := strings.Cut(field, "=")
		n, err := number(value)
		if !ok || name == "" || name == "v" || err != nil {
			return phc{}, errPHC
		}
		p.params = append(p.params, param{name, n})
	}
	var saltErr, tagErr error
	p.salt, saltErr = decode(unpadded, parts[1])
	p.tag, tagErr = decode(unpadded, parts[2])
	if saltErr != nil || tagErr != nil {
		return phc{}, errPHC
	}
	return p, nil
}

// number reads a decimal without sign or leading zeros, at most 2³²-1.
func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err == nil && strconv.FormatUint(n, 10) != s {
		err = errPHC
	}
	return n, err
}
