// go run go.go PORT: the multiplexer of Go's standard library.
package main

import (
	"encoding/json"
	"net/http"
	"os"
)

func say(handler string) http.HandlerFunc {
	return func(answer http.ResponseWriter, request *http.Request) {
		answer.Header().Set("X-Backend", "yes")
		json.NewEncoder(answer).Encode(map[string]string{
			"handler": handler,
			"path":    request.URL.Path,
			"host":    request.Host,
			"admin":   request.Header.Get("X-User-Admin"),
		})
	}
}

func main() {
	http.HandleFunc("/engine", say("engine"))
	http.HandleFunc("/engine/", say("engine"))
	http.HandleFunc("/", say("other"))
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
