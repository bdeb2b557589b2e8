// Checks a hub's audit log with Go's own packages and nothing of the hub's: golang.org/x/mod/sumdb/note and
// tlog, crypto/ed25519 and crypto/mldsa. Requests come as a JSON array, answers go out as one.
package main

import (
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Step    string
	Keys    []string // verifier keys, all of which must have signed
	Note    string
	OldNote string
	Entry   []byte
	Index   int64
	Proof   [][]byte
	Folder  string
	Size    int64 // a tree that nobody signed, where there is no Note
	Root    []byte
	OldSize int64
	OldRoot []byte
}

type answer struct {
	Error  string   `json:"error,omitempty"`
	Size   int64    `json:"size"`
	Root   []byte   `json:"root,omitempty"`
	Signed []string `json:"signed,omitempty"`
	Times  []uint64 `json:"times,omitempty"`
}

func main() {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	answers := make([]answer, len(requests))
	for i, one := range requests {
		found, err := one.run()
		if err != nil {
			found = answer{Error: err.Error()}
		}
		answers[i] = found
	}
	json.NewEncoder(os.Stdout).Encode(answers)
}

func (r request) run() (answer, error) {
	if r.Note == "" && r.Step != "checkpoint" {
		return answer{}, r.runUnsigned()
	}
	tree, found, err := open(r.Note, r.Keys)
	if err != nil {
		return answer{}, err
	}
	switch r.Step {
	case "checkpoint":
		return found, nil
	case "inclusion":
		return found, tlog.CheckRecord(hashes(r.Proof), tree.N, tree.Hash, r.Index, tlog.RecordHash(r.Entry))
	case "consistency":
		old, _, err := open(r.OldNote, r.Keys)
		if err != nil {
			return answer{}, err
		}
		return found, tlog.CheckTree(tlog.TreeProof(hashes(r.Proof)), tree.N, tree.Hash, old.N, old.Hash)
	case "rebuild":
		return found, rebuild(r.Folder, tree)
	}
	return answer{}, fmt.Errorf("unknown step %q", r.Step)
}

func (r request) runUnsigned() (err error) {
	// tlog panics where sizes are impossible, as it says.
	defer func() {
		if found := recover(); found != nil {
			err = fmt.Errorf("%v", found)
		}
	}()
	if r.Step == "inclusion" {
		return tlog.CheckRecord(hashes(r.Proof), r.Size, tlog.Hash(r.Root), r.Index, tlog.RecordHash(r.Entry))
	}
	return tlog.CheckTree(tlog.TreeProof(hashes(r.Proof)), r.Size, tlog.Hash(r.Root), r.OldSize, tlog.Hash(r.OldRoot))
}

func hashes(proof [][]byte) tlog.RecordProof {
	var made tlog.RecordProof
	for _, one := range proof {
		made = append(made, tlog.Hash(one))
	}
	return made
}

// verifier is a note.Verifier of C2SP's cosignature types, which the note package leaves to others.
type verifier struct {
	name   string
	hash   uint32
	stamp  uint64
	verify func(text, signature []byte) bool
}

func (v *verifier) Name() string                       { return v.name }
func (v *verifier) KeyHash() uint32                    { return v.hash }
func (v *verifier) Verify(text, signature []byte) bool { return v.verify(text, signature) }

func newVerifier(vkey string) (*verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed verifier key")
	}
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	v := &verifier{name: parts[0], hash: binary.BigEndian.Uint32(sum[:])}
	if parts[1] != fmt.Sprintf("%08x", v.hash) {
		return nil, errors.New("the verifier key's id is wrong")
	}
	public := typed[1:]
	switch typed[0] {
	case 0x01:
		plain, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		v.verify = plain.Verify
	case 0x04:
		v.verify = func(text, signature []byte) bool {
			if len(signature) != 8+ed25519.SignatureSize {
				return false
			}
			v.stamp = binary.BigEndian.Uint64(signature)
			message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", v.stamp, text)
			return ed25519.Verify(public, []byte(message), signature[8:])
		}
	case 0x06:
		key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), public)
		if err != nil {
			return nil, err
		}
		v.verify = func(text, signature []byte) bool {
			if len(signature) != 8+mldsa.MLDSA44SignatureSize {
				return false
			}
			v.stamp = binary.BigEndian.Uint64(signature)
			origin, tree, err := parse(string(text))
			if err != nil {
				return false
			}
			message := []byte("subtree/v1\n\x00")
			message = append(append(message, byte(len(v.name))), v.name...)
			message = binary.BigEndian.AppendUint64(message, v.stamp)
			message = append(append(message, byte(len(origin))), origin...)
			message = binary.BigEndian.AppendUint64(message, 0)
			message = binary.BigEndian.AppendUint64(message, uint64(tree.N))
			message = append(message, tree.Hash[:]...)
			return mldsa.Verify(key, message, signature[8:], nil) == nil
		}
	default:
		return nil, errors.New("unknown signature type")
	}
	return v, nil
}

// open opens a checkpoint that each of the keys has signed, and whose origin is the first key's name.
func open(signed string, vkeys []string) (tlog.Tree, answer, error) {
	var list []note.Verifier
	var own []*verifier
	for _, vkey := range vkeys {
		v, err := newVerifier(vkey)
		if err != nil {
			return tlog.Tree{}, answer{}, err
		}
		list, own = append(list, v), append(own, v)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(list...))
	if err != nil {
		return tlog.Tree{}, answer{}, err
	}
	if len(opened.Sigs) != len(list) {
		return tlog.Tree{}, answer{}, fmt.Errorf("%d of %d keys signed", len(opened.Sigs), len(list))
	}
	origin, tree, err := parse(opened.Text)
	if err != nil {
		return tlog.Tree{}, answer{}, err
	}
	if origin != own[0].name {
		return tlog.Tree{}, answer{}, errors.New("another log's checkpoint")
	}
	found := answer{Size: tree.N, Root: tree.Hash[:]}
	for _, one := range opened.Sigs {
		found.Signed = append(found.Signed, fmt.Sprintf("%s+%08x", one.Name, one.Hash))
	}
	for _, v := range own {
		found.Times = append(found.Times, v.stamp)
	}
	return tree, found, nil
}

func parse(text string) (string, tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return "", tlog.Tree{}, errors.New("malformed checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return "", tlog.Tree{}, errors.New("malformed size")
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

// files reads C2SP's tiles, which are sumdb's of height 8 under paths that do not say the height.
type files struct{ folder string }

func (f files) Height() int                     { return 8 }
func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(f.folder, "tile", strings.TrimPrefix(tile.Path(), "tile/8/")))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(data))
		}
		read = append(read, data)
	}
	return read, nil
}

// rebuild reads every tile and every entry of a log from its files, and computes the tree once more from the
// entries alone.
func rebuild(folder string, tree tlog.Tree) error {
	reader := tlog.TileHashReader(tree, files{folder})
	var stored []tlog.Hash
	ours := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for first := int64(0); first < tree.N; first += 256 {
		width := min(256, tree.N-first)
		bundle, err := bundle(folder, first/256, int(width))
		if err != nil {
			return err
		}
		var indexes []int64
		for at, entry := range bundle {
			index := first + int64(at)
			indexes = append(indexes, tlog.StoredHashIndex(0, index))
			more, err := tlog.StoredHashes(index, entry, ours)
			if err != nil {
				return err
			}
			stored = append(stored, more...)
		}
		leaves, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, leaf := range leaves {
			if leaf != tlog.RecordHash(bundle[at]) {
				return fmt.Errorf("entry %d is not the one in the tree", first+int64(at))
			}
		}
	}
	root, err := tlog.TreeHash(tree.N, ours)
	if err == nil && root != tree.Hash {
		err = errors.New("the entries make another root")
	}
	return err
}

func bundle(folder string, index int64, width int) ([][]byte, error) {
	path := strings.TrimPrefix(tlog.Tile{H: 8, L: -1, N: index, W: width}.Path(), "tile/8/data/")
	raw, err := os.ReadFile(filepath.Join(folder, "tile", "entries", path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(raw) > 0 {
		if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
			return nil, fmt.Errorf("bundle %s is cut short", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(raw))
		entries = append(entries, raw[2:end])
		raw = raw[end:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("bundle %s has %d entries", path, len(entries))
	}
	return entries, nil
}
