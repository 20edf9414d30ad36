package local_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The same story as an ordinary user: the tests named here are run once more without root's rights, from a path with spaces.
func TestAllThisAlsoAsAnOrdinaryUser(t *testing.T) {
	const nobody = 65534
	if os.Geteuid() != 0 {
		t.Log("not root: the other tests show it already")
		return
	}
	home := ordinaryHome(t, nobody)
	cmd := exec.CommandContext(t.Context(), filepath.Join(home, "local.test"), "-test.v", "-test.run",
		"^(TestAServerKeepsItsDataInAPathOfAnyKind|TestCommittedWorkSurvivesAKilledPlatform|TestAServerThatDiesIsStartedAgainUnderTheSameName|"+
			"TestAMarkWithTheNumberOfAnotherProcessHarmsNeither|TestAKilledOwnerLeavesTheDirectoryFree|TestSecretsAreDrawnOnceAndDiffer)$")
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL}

	said, err := cmd.CombinedOutput()

	if passed := strings.Count(string(said), "\n--- PASS: "); err != nil || passed != 6 {
		t.Fatalf("%d passed, %v:\n%s", passed, err, said)
	}
}

// ordinaryHome is a directory of that user's, with this test program in it.
func ordinaryHome(t *testing.T, uid int) string {
	t.Helper()
	home, err := os.MkdirTemp("", "tillstream ordinary user ")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	program, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(filepath.Join(home, "local.test"), program, 0o755)
	}
	if err == nil {
		err = os.Chown(home, uid, uid)
	}
	if err != nil {
		t.Fatal(err)
	}
	return home
}
