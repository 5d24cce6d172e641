//! Trying a connection out, step by step, as it happens.

use std::convert::Infallible;

use askama::Template;
use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use gatehall_control::operation::find_connection;
use http::{HeaderValue, header::CONTENT_TYPE};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::mpsc;

use super::{common::Nothing, connections::path_of};
use crate::{
    Step,
    web::{At, Book, Face, Fault, Frame, Input, Shared, Short, TenantManager, connection_href},
};

pub(super) fn ways(book: Book) -> Book {
    book.area("connections").act::<Nothing, Tested, _, _>(
        "/connections/{tenant}/{server}/test",
        "Test a connection",
        test,
    )
}

/// What came of a test.
#[derive(Serialize, JsonSchema)]
struct Tested {
    steps: Vec<Step>,
}

/// The page around the steps. They take the place of the mark as they come.
#[derive(Template)]
#[template(path = "connection/test.html")]
struct TestPage {
    frame: Frame,
    path: String,
    href: String,
    mark: &'static str,
}

const MARK: &str = "steps-come-here";

#[derive(Template)]
#[template(path = "connection/step.html")]
struct StepLine {
    step: Step,
    text: String,
}

async fn test(
    manager: TenantManager,
    State(portal): Shared,
    At(names): At<(String, String)>,
    Input(Nothing {}): Input<Nothing>,
) -> Result<Response, Fault> {
    let path = path_of(&names)?;
    find_connection(manager.snapshot.company(), &path)?;
    let mut steps = portal.hall.test(path.clone());
    if manager.face == Face::Api {
        let mut all = Vec::new();
        while let Some(step) = steps.recv().await {
            all.push(step);
        }
        return Ok(Json(Tested { steps: all }).into_response());
    }
    let page = TestPage {
        frame: manager.frame(format!("Test of {path}")),
        href: connection_href(&path.to_string()),
        path: path.to_string(),
        mark: MARK,
    };
    let html = page.render().map_err(|error| Fault::ours(&error))?;
    let (before, after) = html.split_once(MARK).unwrap_or((&html, ""));
    Ok(streamed(before.to_owned(), steps, after.to_owned()))
}

/// A page that grows: browsers show what has come so far, without any script.
fn streamed(before: String, steps: mpsc::Receiver<Step>, after: String) -> Response {
    let lines = stream::unfold(steps, async |mut steps| {
        let step = steps.recv().await?;
        let text = Short::text(&step.text);
        Some((StepLine { step, text }.render().unwrap_or_default(), steps))
    });
    let parts = stream::iter([before]).chain(lines).chain(stream::iter([after]));
    let mut response = Body::from_stream(parts.map(Ok::<_, Infallible>)).into_response();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}
