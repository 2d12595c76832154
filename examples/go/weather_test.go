// Package weather tests a GLM client with mockglm, which must be on the PATH.
package weather

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const key = "0123456789abcdef0123456789abcdef.mockglmmockglm00"

var host string

// TestMain starts one server for all tests. The server prints its base URL when it is ready.
func TestMain(m *testing.M) {
	server := exec.Command("mockglm", "serve", "../weather.yaml", "--port", "0", "--speed", "0", "--log", "none")
	out, err := server.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := server.Start(); err != nil {
		panic(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		panic(err)
	}
	url := strings.TrimSpace(line[strings.LastIndex(line, " ")+1:])
	host = strings.TrimSuffix(url, "/api/paas/v4")
	code := m.Run()
	_ = server.Process.Kill()
	_ = server.Wait()
	os.Exit(code)
}

// ask is the client under test. It retries when the service is busy.
func ask(base, text string) (string, error) {
	body, err := json.Marshal(map[string]any{
		"model":    "glm-4.6",
		"messages": []map[string]string{{"role": "user", "content": text}},
	})
	if err != nil {
		return "", err
	}
	for attempt := 1; ; attempt++ {
		request, err := http.NewRequest("POST", base+"/chat/completions", bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		request.Header.Set("Authorization", "Bearer "+key)
		request.Header.Set("Content-Type", "application/json")
		content, code, err := send(request)
		if err != nil || code == "" {
			return content, err
		}
		if (code != "1302" && code != "1305") || attempt == 3 {
			return "", fmt.Errorf("code %s", code)
		}
		time.Sleep(200 * time.Millisecond << attempt)
	}
}

func send(request *http.Request) (content, code string, err error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
		Error   struct{ Code string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return "", "", err
	}
	if len(answer.Choices) == 0 {
		return "", answer.Error.Code, nil
	}
	return answer.Choices[0].Message.Content, "", nil
}

// base returns the base URL of a test, with a session of its own.
func base(scenario string, t *testing.T) string {
	return fmt.Sprintf("%s/s/%s@%s/api/paas/v4", host, scenario, strings.ToLower(t.Name()))
}

func TestBusyServiceGetsASecondRequest(t *testing.T) {
	content, err := ask(base("weather", t), "天气?")
	if err != nil || content != "北京今天晴，二十五度。" {
		t.Fatalf("got %q, %v", content, err)
	}
}

func TestEmptyAccountIsAnError(t *testing.T) {
	if _, err := ask(base("no-balance", t), "天气?"); err == nil || err.Error() != "code 1113" {
		t.Fatalf("got %v", err)
	}
}
