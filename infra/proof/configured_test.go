package proof

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tillstream/infra/targets/tilltest"
)

// A setting is that of its flag, else of the environment, else of the file, else the default: shown by the warehouse in
// which a price lands that names none.
func TestASettingComesFromTheNearestPlace(t *testing.T) {
	for _, from := range []struct{ name, flag, env, file, want string }{
		{"the flag, before all others", "FLAG", "ENV", "FILE", "FLAG"},
		{"the environment, before the file", "", "ENV", "FILE", "ENV"},
		{"the file, before the default", "", "", "FILE", "FILE"},
		{"the default", "", "", "", "MAIN"},
	} {
		t.Run(from.name, func(t *testing.T) {
			up := tilltest.Up{Data: dataDir(t, "data"), Env: os.Environ()}
			if from.flag != "" {
				up.Flags = append(up.Flags, "--warehouse", from.flag)
			}
			if from.env != "" {
				up.Env = append(up.Env, "TILL_WAREHOUSE="+from.env)
			}
			if from.file != "" {
				configure(t, filepath.Join(up.Data, "till.yaml"), "warehouse: "+from.file+"\n")
			}
			till := up.Launch(t)
			till.Ready(t)

			r := must(t, till, "POST", "/v1/stock/receipts", nil, object{"sku": "LAMP", "quantity": 1})

			if r.json["warehouse"] != from.want {
				t.Errorf("a receipt went to %v", r.json["warehouse"])
			}
		})
	}
}

func TestAFileCanSetEverything(t *testing.T) {
	elsewhere, data, address := filepath.Join(t.TempDir(), "settings.yaml"), dataDir(t, "data"), freeAddress(t)
	configure(t, elsewhere, "http: 127.0.0.1:0\ngrpc: "+address+"\n")

	till := tilltest.Up{Data: data, Bare: true, Flags: []string{"--config", elsewhere}}.Launch(t)
	till.Ready(t)

	if till.GRPC != address {
		t.Errorf("it serves at %s, not at %s", till.GRPC, address)
	}
}

func TestWhatIsNoSettingIsRefused(t *testing.T) {
	data := dataDir(t, "data")
	settings := filepath.Join(data, "till.yaml")
	for _, wrong := range []struct {
		name, file string
		args       []string
		says       string
	}{
		{"an unknown flag", "", []string{"up", "--htpp", "127.0.0.1:1"}, "htpp"},
		{"an unknown command", "", []string{"down"}, "down"},
		{"no command", "", nil, ""},
		{"a flag without a value", "", []string{"up", "--http"}, "http"},
		{"an unknown key in the file", "htpp: 127.0.0.1:1\n", []string{"up"}, "htpp"},
		{"a file that is no YAML", "http: [\n", []string{"up"}, "till.yaml"},
		{"a file that is not there", "", []string{"up", "--config", "/nowhere/till.yaml"}, "/nowhere/till.yaml"},
		{"a time that is none", "", []string{"status", "--every", "soon"}, "every"},
	} {
		configure(t, settings, wrong.file)
		r := tilltest.Run(t.Context(), t, append(wrong.args, "--data", data)...)
		if r.Code != 2 || !strings.Contains(r.Err, wrong.says) || r.Err == "" {
			t.Errorf("%s: it ended with %d and said %q", wrong.name, r.Code, r.Err)
		}
	}
	configure(t, settings, "")
	if r := tilltest.Run(t.Context(), t, "status", "--data", data); r.Code != 1 || !strings.Contains(r.Err, "till up") {
		t.Errorf("without a platform status ended with %d and said %q", r.Code, r.Err)
	}
}

func configure(t *testing.T, path, content string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
