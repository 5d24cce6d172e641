//! Open WebUI: what is set up there, what differs, and setting it up.

mod act;
mod view;
mod wish;

use act::{Checked, Drafted, TakenBack};
use view::OpenWebUiPage;
use wish::WiringWish;

use crate::web::Book;

pub(super) fn ways(book: Book) -> Book {
    book.area("open_webui")
        .show::<OpenWebUiPage, _, _>("/open-webui", "Show how Open WebUI is set up", view::show)
        .asking::<view::Which>()
        .act::<WiringWish, Drafted, _, _>("/open-webui/plan", "Plan to set it up", act::plan)
        .act::<WiringWish, Drafted, _, _>("/open-webui/apply", "Set it up", act::apply)
        .act::<WiringWish, Checked, _, _>("/open-webui/check", "Look at it", act::check)
        .act::<WiringWish, TakenBack, _, _>("/open-webui/undo", "Take it back", act::undo)
}
