use reqwest::{StatusCode, header::HeaderMap};
use serde_json::{Value, json};

/// An HTTP client with a key, which says exactly what it is told to say.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) key: String,
    http: reqwest::Client,
    more: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The messages of an event stream.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self.text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }

    /// The answer, whole or at the end of a stream.
    pub(crate) fn message(&self) -> Value {
        match self.headers["content-type"].to_str().unwrap() {
            "text/event-stream" => self.events().pop().unwrap_or_else(|| panic!("{self:?}")),
            _ => self.json(),
        }
    }

    /// Status and body: all that a caller can tell one refusal from another by.
    pub(crate) fn seen(&self) -> (u16, String) {
        (self.status.as_u16(), self.text.clone())
    }
}

/// Params with what every modern request carries.
pub(crate) fn modern_params(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params
}

impl Client {
    pub(crate) fn new(url: String, key: &str) -> Self {
        gatehall::choose_crypto();
        Self { url, key: key.to_owned(), http: reqwest::Client::new(), more: Vec::new() }
    }

    /// The same client, speaking to another gate.
    pub(crate) fn at(&self, url: String) -> Self {
        Self { url, ..self.clone() }
    }

    /// The same client, sending a further header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.more.push((name.into(), value.into()));
        other
    }

    /// The further header of this name.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.more.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("there is no {name}")).1
    }

    /// Sends a body as it is.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self
            .http
            .post(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key));
        for (name, value) in &self.more {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        for (name, value) in [
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
        ] {
            if !headers.iter().any(|(given, _)| *given == name) {
                request = request.header(name, value);
            }
        }
        answer(request.body(body)).await
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self
            .http
            .get(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key));
        for (name, value) in
            self.more.iter().map(|(n, v)| (n.as_str(), v.as_str())).chain(headers.iter().copied())
        {
            request = request.header(name, value);
        }
        answer(request).await
    }

    /// A legacy request without a session.
    pub(crate) async fn rpc(&self, path: &str, method: &str, params: Value) -> Answer {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.post(path, &[], body.to_string()).await
    }

    /// The same client in a fresh legacy session.
    pub(crate) async fn session(&self, path: &str) -> Self {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let opened = self.rpc(path, "initialize", params).await;
        let client =
            self.with("mcp-session-id", opened.headers["mcp-session-id"].to_str().unwrap());
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(client.post(path, &[], ready.to_string()).await.status, 202);
        client
    }

    /// A modern request with all its headers.
    pub(crate) async fn modern(&self, path: &str, method: &str, params: Value) -> Answer {
        let params = modern_params(params);
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut headers = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method)];
        let name = params["name"].as_str().map(str::to_owned);
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        self.post(path, &headers, body.to_string()).await
    }

    /// The names of all tools on a face.
    pub(crate) async fn tools(&self, path: &str) -> Vec<String> {
        self.pages(path).await.concat()
    }

    /// The names of all tools on a face, by pages of the list.
    pub(crate) async fn pages(&self, path: &str) -> Vec<Vec<String>> {
        let (mut pages, mut params) = (Vec::new(), json!({}));
        loop {
            let page = self.rpc(path, "tools/list", params).await.json();
            let tools = page["result"]["tools"].as_array().unwrap_or_else(|| panic!("{page}"));
            let names = tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
            pages.push(names.collect());
            match page["result"].get("nextCursor") {
                Some(cursor) => params = json!({"cursor": cursor}),
                None => return pages,
            }
        }
    }

    /// The names of all operations of a document.
    pub(crate) async fn operations(&self, path: &str) -> Vec<String> {
        let document = self.get(path, &[]).await.json();
        let paths = document["paths"].as_object().unwrap_or_else(|| panic!("{document}"));
        paths
            .values()
            .map(|path| path["post"]["operationId"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Calls a tool over MCP.
    pub(crate) async fn call(&self, path: &str, name: &str, arguments: Value) -> Answer {
        self.rpc(path, "tools/call", json!({"name": name, "arguments": arguments})).await
    }

    /// Calls a tool over OpenAPI.
    pub(crate) async fn operate(&self, path: &str, arguments: Value) -> Answer {
        self.post(path, &[], arguments.to_string()).await
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}
