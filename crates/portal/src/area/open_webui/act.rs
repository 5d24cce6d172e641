//! Planning, setting up, looking, taking back: each as an administrator of Open WebUI, who proves it
//! once for each.

use std::time::Duration;

use askama::Template;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use gatehall_control::wiring::{Draft, Order, Whom, Wiring, alone};
use gatehall_domain::{Finding, Refusal, names::short_digest};
use gatehall_open_webui::{Client, PlanRow, Terms, Undone};
use gatehall_store::Alone;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    super::finding::FindingRow,
    wish::{Aim, WiringWish},
};
use crate::web::{Admin, Face, Fault, Frame, Input, Portal, Shared, Short, render};

/// How long somebody waits for whoever else is at it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What has to be changed there, or was.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "open_webui/plan.html")]
pub(super) struct Drafted {
    #[serde(skip)]
    frame: Frame,
    rows: Vec<WiringRow>,
    /// Whether everything is as it should be.
    done: bool,
    #[serde(skip)]
    changes: usize,
    /// This plan, to be sent when it is applied.
    seen: String,
    /// Whether it is another than the one that was looked at.
    #[serde(skip)]
    moved: bool,
    #[serde(skip)]
    again: Again,
}

/// A thing at Open WebUI.
#[derive(Serialize, JsonSchema)]
struct WiringRow {
    /// `new`, `changed`, `removed`, `unchanged` or `left`.
    state: &'static str,
    /// `key`, `group`, `connection`, `model` or `account`.
    kind: &'static str,
    name: String,
    what: String,
}

impl WiringRow {
    fn new(row: &PlanRow) -> Self {
        let PlanRow { state, kind, name, what, .. } = row;
        Self { state, kind, name: Short::name(name), what: Short::text(what) }
    }

    fn tone(&self) -> &'static str {
        match self.state {
            "new" => "good",
            "changed" | "left" => "warn",
            "removed" => "bad",
            _ => "",
        }
    }
}

/// What is sent again with a form that does it.
struct Again {
    fields: Vec<(&'static str, String)>,
    /// Whether the gate signs in by itself.
    own_proof: bool,
}

/// What was found there.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "open_webui/check.html")]
pub(super) struct Checked {
    #[serde(skip)]
    frame: Frame,
    findings: Vec<FindingRow>,
}

impl Checked {
    fn to_mend(&self) -> usize {
        self.findings.iter().filter(|it| it.state == "bad").count()
    }
}

/// What is taken back, or was.
#[derive(Template, Serialize, JsonSchema)]
#[template(path = "open_webui/undo.html")]
pub(super) struct TakenBack {
    #[serde(skip)]
    frame: Frame,
    rows: Vec<UndoneRow>,
    /// Whether it was done.
    done: bool,
    #[serde(skip)]
    again: Again,
}

#[derive(Serialize, JsonSchema)]
struct UndoneRow {
    /// `model`, `connection`, `group` or `key`.
    kind: &'static str,
    name: String,
    what: &'static str,
}

impl UndoneRow {
    fn new(it: &Undone) -> Self {
        Self { kind: it.kind, name: Short::name(&it.name), what: it.what }
    }
}

/// Somebody who is signed in at Open WebUI, and nobody else who changes it.
struct Work {
    aim: Aim,
    client: Client,
    wiring: Wiring,
}

impl Work {
    async fn begin(portal: &Portal, admin: &Admin, wish: &WiringWish) -> Result<Self, Fault> {
        admin.must_be_recent()?;
        let aim = wish.aim(portal)?;
        let alone = alone(portal.desk.store(), PATIENCE).await?;
        let (client, wiring) = enter(alone, portal, admin, &aim).await?;
        Ok(Self { aim, client, wiring })
    }

    async fn end(self) {
        self.client.sign_out(&self.aim.proof).await;
        self.wiring.close().await;
    }

    async fn draft(
        &self,
        portal: &Portal,
        admin: &Admin,
        wish: &WiringWish,
    ) -> Result<Draft, Fault> {
        let company = admin.snapshot.company();
        let terms = wish.terms(self.wiring.terms(), company, &portal.base())?;
        let order = Order { terms, key: None, new_key: wish.new_key };
        Ok(self.wiring.draft(&order).await?)
    }
}

/// Without success others are let at it a moment later.
async fn enter(
    alone: Alone,
    portal: &Portal,
    admin: &Admin,
    aim: &Aim,
) -> Result<(Client, Wiring), Fault> {
    let client = portal.hall.open_webui(&aim.url)?.sign_in(&aim.proof, false).await?;
    let desk = portal.desk.with_actor(admin.actor());
    match Wiring::open(alone, desk, client.clone(), aim.chat.clone()).await {
        Ok(wiring) => Ok((client, wiring)),
        Err(error) => {
            client.sign_out(&aim.proof).await;
            Err(error.into())
        }
    }
}

fn again(portal: &Portal, wish: &WiringWish) -> Again {
    let own_proof = wish.aim(portal).is_ok_and(|aim| WiringWish::has_own(portal, &aim));
    Again { fields: wish.carried(), own_proof }
}

fn drafted(portal: &Portal, admin: &Admin, wish: &WiringWish, draft: &Draft) -> Drafted {
    let all = draft.rows();
    let seen = short_digest(&serde_json::to_string(&all).unwrap_or_default());
    Drafted {
        frame: admin.frame("Plan for Open WebUI"),
        rows: all.iter().map(WiringRow::new).collect(),
        done: draft.is_done(),
        changes: all.iter().filter(|it| it.is_change()).count(),
        moved: wish.seen.as_ref().is_some_and(|it| *it != seen),
        seen,
        again: again(portal, wish),
    }
}

pub(super) async fn plan(
    admin: Admin,
    State(portal): Shared,
    Input(mut wish): Input<WiringWish>,
) -> Result<Response, Fault> {
    wish.seen = None;
    let work = Work::begin(&portal, &admin, &wish).await?;
    let draft = work.draft(&portal, &admin, &wish).await;
    work.end().await;
    Ok(admin.show(&drafted(&portal, &admin, &wish, &draft?)))
}

pub(super) async fn apply(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<WiringWish>,
) -> Result<Response, Fault> {
    let mut work = Work::begin(&portal, &admin, &wish).await?;
    let applied = applied(&mut work, &portal, &admin, &wish).await;
    work.end().await;
    let view = applied?;
    match (view.moved, admin.face) {
        (true, Face::Api) => {
            Err(Refusal::Changed { kind: "plan", name: "for Open WebUI".into() }.into())
        }
        (true, Face::Page) => Ok(render(StatusCode::CONFLICT, &view)),
        (false, Face::Api) => Ok(Json(&view).into_response()),
        (false, Face::Page) => Ok(admin.told("set-up", "/open-webui")),
    }
}

/// What was done, unless it is another plan than the one that was looked at.
async fn applied(
    work: &mut Work,
    portal: &Portal,
    admin: &Admin,
    wish: &WiringWish,
) -> Result<Drafted, Fault> {
    let draft = work.draft(portal, admin, wish).await?;
    let mut view = drafted(portal, admin, wish, &draft);
    if !view.moved {
        work.wiring.apply(&draft).await?;
        view.done = true;
    }
    Ok(view)
}

pub(super) async fn check(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<WiringWish>,
) -> Result<Response, Fault> {
    let work = Work::begin(&portal, &admin, &wish).await?;
    let findings = found(&work, &portal, &admin, &wish).await;
    work.end().await;
    let findings = FindingRow::all(&findings?);
    Ok(admin.show(&Checked { frame: admin.frame("Check of Open WebUI"), findings }))
}

async fn found(
    work: &Work,
    portal: &Portal,
    admin: &Admin,
    wish: &WiringWish,
) -> Result<Vec<Finding>, Fault> {
    let by_hand = match work.wiring.terms() {
        Some(_) => None,
        None => work.wiring.terms_by_hand(None).await?,
    };
    // Without a connection there is nobody to ask as.
    let is_there = by_hand.is_some() || work.wiring.terms().is_some();
    let draft = match by_hand {
        Some(terms) => {
            let terms =
                Terms { gate: wish.gate_that_is_said(portal)?.unwrap_or(terms.gate), ..terms };
            work.wiring.draft(&Order { terms, key: None, new_key: false }).await?
        }
        None => work.draft(portal, admin, wish).await?,
    };
    let mut findings = draft.findings();
    if is_there {
        let scene = portal.hall.chat_scene().await;
        findings.extend(work.wiring.ask(&draft, &scene, &Whom::Made { group: None }).await?);
    }
    Ok(findings)
}

pub(super) async fn undo(
    admin: Admin,
    State(portal): Shared,
    Input(wish): Input<WiringWish>,
) -> Result<Response, Fault> {
    let mut work = Work::begin(&portal, &admin, &wish).await?;
    let undone = work.wiring.undo(wish.apply).await;
    work.end().await;
    let view = TakenBack {
        frame: admin.frame("Undo the setup of Open WebUI"),
        rows: undone?.iter().map(UndoneRow::new).collect(),
        done: wish.apply,
        again: again(&portal, &wish),
    };
    match (wish.apply, admin.face) {
        (true, Face::Page) => Ok(admin.told("taken-back", "/open-webui")),
        _ => Ok(admin.show(&view)),
    }
}
