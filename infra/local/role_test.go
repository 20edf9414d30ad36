package local_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"tillstream/infra/local"
)

// The test binary plays another process of the platform, one that can be killed, when this variable names its role.
const roleVariable = "TILL_TEST_ROLE"

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(roleVariable)]
	if !ok {
		code := m.Run()
		if templateMade != "" {
			_ = os.RemoveAll(templateMade)
		}
		os.Exit(code)
	}
	said, err := role(os.Args[1])
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(said)
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the test ends or kills it
}

var roles = map[string]func(dir string) (string, error){
	"own": func(dir string) (string, error) {
		o, err := local.Own(dir)
		if err != nil {
			return "", err
		}
		return "owned", o.Announce(addresses)
	},
	"postgres": func(dir string) (string, error) {
		p, err := local.StartPostgres(context.Background(), local.PostgresOptions{Dir: dir})
		if err != nil {
			return "", err
		}
		return p.DSN(), nil
	},
}

type roleProcess struct {
	*exec.Cmd
	said string
}

// startRole returns when the other process has said what it has to say.
func startRole(t *testing.T, role, dir string) roleProcess {
	t.Helper()
	cmd := roleCommand(t, role, dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.HasPrefix(line, "failed") {
		t.Fatalf("role %s: %q, %v", role, line, err)
	}
	return roleProcess{cmd, strings.TrimSpace(line)}
}

func roleCommand(t *testing.T, role, dir string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	return cmd
}

// kill ends the process as a power cut would, its process group included.
func kill(t *testing.T, p roleProcess) {
	t.Helper()
	if err := syscall.Kill(-p.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait()
}
