#![expect(deprecated, reason = "log notifications are, but servers still send them")]

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, extract::Request, middleware::Next, response::Response};
use rmcp::{
    RoleServer, ServerHandler,
    handler::server::wrapper::Parameters,
    model::{
        LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
        ServerCapabilities, ServerConfig,
    },
    schemars,
    service::RequestContext,
    tool, tool_handler, tool_router,
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
    cancelled: Arc<AtomicUsize>,
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
        let cancelled = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&cancelled);
        let config = StreamableHttpServerConfig::default();
        let service = StreamableHttpService::new(
            move || Ok(Tools::new(Arc::clone(&counted))),
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
        Self { address, seen, cancelled }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// How many of its calls were cancelled.
    pub(crate) fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
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
    cancelled: Arc<AtomicUsize>,
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
    fn new(cancelled: Arc<AtomicUsize>) -> Self {
        Self { cancelled }
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
    async fn wait(
        &self,
        Parameters(Wait { milliseconds }): Parameters<Wait>,
        context: RequestContext<RoleServer>,
    ) -> String {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(milliseconds)) => {}
            () = context.ct.cancelled() => {
                self.cancelled.fetch_add(1, Ordering::SeqCst);
            }
        }
        "done".into()
    }

    #[tool(description = "Says how far it is, and logs it")]
    async fn count(&self, context: RequestContext<RoleServer>) -> String {
        for step in 1..=3_u8 {
            if let Some(token) = context.meta.get_progress_token() {
                let progress = ProgressNotificationParam::new(token, step.into()).with_total(3.0);
                let _ = context.peer.notify_progress(progress.with_message("counting")).await;
            }
            let log = LoggingMessageNotificationParam::new(LoggingLevel::Warning, step.into());
            let _ = context.peer.notify_logging_message(log).await;
        }
        "3".into()
    }
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_logging().build())
    }
}
