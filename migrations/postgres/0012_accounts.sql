-- What is known of accounts: which claims about groups were said of them, and who bound them.

-- Claims as provider:claim@microseconds, with blanks between them: the mappings that were made until
-- then were held against what was said. What put somebody in a group was said when it did so; of the
-- rest, and of mappings made later, it cannot be told, so that the next sign-in has to say it.
alter table identities add column claims_said text not null default '';
update identities set claims_said = coalesce(
    (select string_agg(said.claim, ' ') from
        (select c.provider_id || ':' || c.claim || '@' || max(m.created_at) as claim
         from memberships m
         join claim_mappings c
             on c.group_id = m.group_id and m.source = 'claim:' || c.provider_id
         where m.user_id = identities.user_id
         group by c.provider_id, c.claim) said), '');

-- Who bound an account before this is not known.
alter table identities add column by_address boolean not null default true;

-- When the provider issued the ID token, in seconds since 1970.
alter table sessions add column issued_at bigint;
