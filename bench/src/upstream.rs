//! A fast MCP server of the modern era: it does nothing but answer.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: &'a str,
}

pub(crate) async fn serve(listen: SocketAddr, tools: usize) -> Result<()> {
    let listener = TcpListener::bind(listen).await?;
    println!("{}", listener.local_addr()?);
    let list: Arc<str> = list(tools).into();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let list = Arc::clone(&list);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&list)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn list(tools: usize) -> String {
    let tool = |number: usize| {
        json!({
            "name": format!("tool_{number}"),
            "description": "Looks for documents that hold all of the given words, the newest first, and \
                answers with their titles and addresses.",
            "inputSchema": {"type": "object", "properties": {
                "query": {"type": "string", "description": "Words to look for"},
                "limit": {"type": "integer", "description": "How many to answer with"}},
                "required": ["query"]},
            "annotations": {"readOnlyHint": true}
        })
    };
    let tools: Vec<_> = (0..tools).map(tool).collect();
    json!({"tools": tools, "resultType": "complete", "ttlMs": 0, "cacheScope": "private"})
        .to_string()
}

async fn answer(
    request: Request<Incoming>,
    list: Arc<str>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let Ok(message) = serde_json::from_slice::<Message<'_>>(&body) else {
        return Ok(Response::new(Full::default()));
    };
    let result = match message.method {
        "server/discover" => {
            r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#
        }
        "tools/list" => list.as_ref(),
        _ => {
            r#"{"content":[{"type":"text","text":"Three documents were found."}],"resultType":"complete"}"#
        }
    };
    let id = message.id.map_or("null", RawValue::get);
    let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}");
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(response)
}
