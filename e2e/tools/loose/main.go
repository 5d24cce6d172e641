// A tool server whose JSON reader takes a member in any letter case, and the last one of several,
// as encoding/json does. It counts what it runs, so that a test sees whether it was led to
// something else than the gate decided about. One of its tools answers two things at once.
//
//	loose legacy|modern stdio|http
//
// Over HTTP it listens on the port that PORT names.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
)

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params params          `json:"params"`
}

type params struct {
	Name            string    `json:"name"`
	Arguments       arguments `json:"arguments"`
	ProtocolVersion string    `json:"protocolVersion"`
}

type arguments struct {
	Region string `json:"region"`
}

type object map[string]any

var (
	modern bool
	lock   sync.Mutex
	counts = map[string]int{}
)

func tool(name string, properties object) object {
	schema := object{"type": "object", "properties": properties}
	return object{"name": name, "description": "Counts", "inputSchema": schema}
}

func tools() []object {
	region := object{"region": object{"type": "string", "x-mcp-header": "Region"}}
	return []object{
		tool("allowed", object{}),
		tool("denied", object{}),
		tool("regional", region),
		tool("counts", object{}),
		tool("twice", object{}),
	}
}

func call(asked params) string {
	lock.Lock()
	defer lock.Unlock()
	if asked.Name == "counts" {
		text, _ := json.Marshal(counts)
		return string(text)
	}
	counts[asked.Name]++
	if asked.Arguments.Region != "" {
		counts[asked.Arguments.Region]++
	}
	return "done"
}

func result(asked message) (object, bool) {
	info := object{"name": "loose", "version": "1"}
	switch {
	case asked.Method == "server/discover" && modern:
		meta := object{"io.modelcontextprotocol/serverInfo": info}
		return object{"supportedVersions": []string{"2026-07-28"},
			"capabilities": object{"tools": object{}}, "_meta": meta}, true
	case asked.Method == "initialize" && !modern:
		return object{"protocolVersion": asked.Params.ProtocolVersion,
			"capabilities": object{"tools": object{}}, "serverInfo": info}, true
	case asked.Method == "tools/list":
		return object{"tools": tools(), "ttlMs": 0, "cacheScope": "private"}, true
	case asked.Method == "tools/call":
		return object{"content": []object{{"type": "text", "text": call(asked.Params)}}}, true
	}
	return nil, false
}

// The answer to a message; none to a notification, and to what cannot be read.
func answer(text []byte) []byte {
	var asked message
	if json.Unmarshal(text, &asked) != nil || asked.ID == nil {
		return nil
	}
	if asked.Method == "tools/call" && asked.Params.Name == "twice" {
		result := `{"content":[],"isError":false,"isError":true}`
		return []byte(fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, asked.ID, result))
	}
	said := object{"jsonrpc": "2.0", "id": asked.ID}
	if result, known := result(asked); known {
		if modern {
			result["resultType"] = "complete"
		}
		said["result"] = result
	} else {
		said["error"] = object{"code": -32601, "message": "Method not found"}
	}
	line, _ := json.Marshal(said)
	return line
}

func serve(writer http.ResponseWriter, request *http.Request) {
	var body json.RawMessage
	if json.NewDecoder(request.Body).Decode(&body) != nil {
		writer.WriteHeader(http.StatusBadRequest)
		return
	}
	said := answer(body)
	if said == nil {
		writer.WriteHeader(http.StatusAccepted)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Write(said)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: loose legacy|modern stdio|http")
		os.Exit(2)
	}
	modern = os.Args[1] == "modern"
	if os.Args[2] == "http" {
		http.HandleFunc("/mcp", serve)
		fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if said := answer(lines.Bytes()); said != nil {
			fmt.Println(string(said))
		}
	}
}
