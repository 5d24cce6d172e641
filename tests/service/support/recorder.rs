use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Request, middleware::Next, response::Response};
use rmcp::{
    ServerHandler,
    handler::server::{router::tool::ToolRouter, wrapper::Parameters},
    model::{ServerCapabilities, ServerConfig},
    schemars, tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use tokio::net::TcpListener;

/// A tool server on rmcp, of both eras, that records what reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One request as it reached the server.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) authorization: Option<String>,
    /// All headers as one text, to look for what must not be there.
    pub(crate) headers: String,
}

impl Recorder {
    /// Starts one on a free port.
    pub(crate) async fn start() -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let config = StreamableHttpServerConfig::default();
        let service = StreamableHttpService::new(
            || Ok(Tools::new()),
            Arc::<LocalSessionManager>::default(),
            config,
        );
        let recorded = Arc::clone(&seen);
        let record = axum::middleware::from_fn(move |request: Request, next: Next| {
            let recorded = Arc::clone(&recorded);
            async move { record(&recorded, request, next).await }
        });
        let router = Router::new().nest_service("/mcp", service).layer(record);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What reached it so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn record(seen: &Mutex<Vec<Seen>>, request: Request, next: Next) -> Response {
    seen.lock().unwrap().push(Seen::of(&request));
    next.run(request).await
}

impl Seen {
    fn of(request: &Request) -> Self {
        let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
        Self { authorization: header("authorization"), headers: format!("{:?}", request.headers()) }
    }
}

#[derive(Debug, Clone)]
struct Tools {
    tool_router: ToolRouter<Self>,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Text {
    text: String,
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Wait {
    milliseconds: u64,
}

#[tool_router]
impl Tools {
    fn new() -> Self {
        Self { tool_router: Self::tool_router() }
    }

    #[tool(description = "Says what it is told")]
    fn read_text(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        text
    }

    #[tool(description = "Pretends to write")]
    fn write_text(&self, Parameters(Text { text }): Parameters<Text>) -> String {
        format!("wrote {text}")
    }

    #[tool(description = "Takes its time")]
    async fn wait(&self, Parameters(Wait { milliseconds }): Parameters<Wait>) -> String {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        "done".into()
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }
}
