//! Users with their groups and views. Users with equal grants share one view.

use std::sync::Arc;

use super::{basis::Basis, touched::Touched, view::View, view_key::ViewKey};
use crate::{ClaimSaid, Company, GroupId, User, UserId, company::Map};

/// All users.
#[derive(Debug, Clone, Default)]
pub(super) struct People {
    by_id: Map<UserId, Arc<Person>>,
    views: Map<Arc<ViewKey>, Shared>,
    /// The id of the next view that is made.
    next_view: u64,
}

/// A user, as requests need it.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) groups: Box<[GroupId]>,
    /// What providers have not said of the user yet.
    pub(super) unsaid: Box<[ClaimSaid]>,
    /// None for a disabled user.
    view: Option<(Arc<ViewKey>, Arc<View>)>,
}

/// A view, and how many have it.
#[derive(Debug, Clone)]
struct Shared {
    view: Arc<View>,
    users: usize,
}

impl Person {
    pub(super) fn view(&self) -> Option<&View> {
        self.view.as_ref().map(|(_, view)| view.as_ref())
    }
}

impl People {
    pub(super) fn new(company: &Company, basis: &Basis) -> Self {
        let mut people = Self::default();
        for user in company.users.values() {
            people.put(company, basis, user);
        }
        people
    }

    /// The users of what changes made of the company, in which all else is what `basis` says.
    pub(super) fn next(&self, company: &Company, basis: &Basis, touched: &Touched) -> Self {
        let mut people = self.clone();
        let mut anew: Vec<UserId> = touched.users.iter().copied().collect();
        if touched.reaches_many() {
            let all = company.users.values();
            let meant = all.filter(|user| touched.means(user, self.groups(user.id)));
            anew.extend(meant.map(|user| user.id));
        }
        // First they leave, so that no view stays that a changed grant is in.
        for user in &anew {
            people.take(*user);
        }
        for user in anew {
            if let Some(user) = company.users.get(&user) {
                people.put(company, basis, user);
            }
        }
        people
    }

    pub(super) fn get(&self, user: UserId) -> Option<&Person> {
        self.by_id.get(&user).map(AsRef::as_ref)
    }

    pub(super) fn view_count(&self) -> usize {
        self.views.len()
    }

    fn groups(&self, user: UserId) -> &[GroupId] {
        self.get(user).map_or(&[], |person| &person.groups)
    }

    fn put(&mut self, company: &Company, basis: &Basis, user: &User) {
        let standing = basis.standing(company, user);
        let person = Person {
            groups: standing.groups.into(),
            unsaid: standing.unsaid.into(),
            view: standing.key.map(|key| self.share(key, basis)),
        };
        let before = self.by_id.insert(user.id, Arc::new(person));
        debug_assert!(before.is_none(), "the view of one before would be counted for ever");
    }

    fn take(&mut self, user: UserId) {
        let Some(person) = self.by_id.remove(&user) else { return };
        let Some((key, _)) = &person.view else { return };
        if let Some(shared) = self.views.get_mut(key) {
            shared.users -= 1;
            if shared.users == 0 {
                self.views.remove(key);
            }
        }
    }

    fn share(&mut self, key: ViewKey, basis: &Basis) -> (Arc<ViewKey>, Arc<View>) {
        let key = match self.views.get_key_value(&key) {
            Some((known, _)) => Arc::clone(known),
            None => Arc::new(key),
        };
        let next_view = &mut self.next_view;
        let shared = self.views.entry(Arc::clone(&key)).or_insert_with(|| {
            let id = *next_view;
            *next_view += 1;
            Shared { view: Arc::new(basis.view(id, &key)), users: 0 }
        });
        shared.users += 1;
        let view = Arc::clone(&shared.view);
        (key, view)
    }
}
