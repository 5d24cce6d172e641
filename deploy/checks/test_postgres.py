"""The scripts with which PostgreSQL starts and gets its roles."""

import shutil

from .cluster import AS, PROGRAMS, cluster


def test_each_program_has_a_role_and_reaches_its_own_database_alone(world):
    with cluster() as one:
        one.start()
        for _ in range(2):
            one.prepare()
        for role in PROGRAMS:
            password = f"first of {role}_database"
            for database in (*PROGRAMS, "postgres", "template1"):
                said = one.ask(role, password, database)
                if role == database:
                    assert said == role, said
                else:
                    assert "no pg_hba.conf entry" in said, said
            assert "authentication failed" in one.ask(role, "wrong", role)
            what = "rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication"
            query = f"select {what} from pg_roles where rolname = current_user"
            assert one.ask(role, password, role, query) == "f"
            assert one.ask(role, password, role, "create table t (a int)") == ""


def test_changed_passwords_are_taken_over(world):
    with cluster() as one:
        one.start()
        one.prepare()
        one.say("gatehall_database", "it's another")
        one.prepare()
        assert one.ask("gatehall", "it's another", "gatehall") == "gatehall"
        assert "failed" in one.ask("gatehall", "first of gatehall_database", "gatehall")
        one.stop()
        one.say("postgres", "it's another, too")
        one.start()
        one.prepare()
        assert one.ask("postgres", "it's another, too", "postgres") == "postgres"
        assert "failed" in one.ask("postgres", "first of postgres", "postgres")


def test_a_password_that_was_changed_by_hand_is_that_of_the_file_again(world):
    with cluster() as one:
        for change in ("password 'by hand'", "password null"):
            one.start()
            one.prepare()
            assert one.as_superuser(f"alter role postgres {change}") == ""
            said = one.prepare(fails=True)
            assert "up -d --wait --force-recreate postgres" in said, said
            one.stop()
            one.start()
            one.prepare()
            one.stop()


def test_a_cluster_that_was_cut_off_while_it_was_made_is_made_anew(world):
    with cluster() as one:
        # What is left of it has a version, and nothing that works.
        half = one.folder / "cluster.new"
        half.mkdir()
        (half / "PG_VERSION").write_text("17\n")
        if AS:
            shutil.chown(half, 65534, 65534)
            shutil.chown(half / "PG_VERSION", 65534, 65534)
        one.start()
        one.prepare()


def test_a_volume_of_another_major_version_is_told_in_words_and_left_alone(world):
    with cluster() as one:
        one.start()
        one.prepare()
        one.stop()
        version = one.data / "PG_VERSION"
        mine = version.read_text().strip()
        version.write_text("9\n")
        said = one.start(ends=True)
        assert f"is of PostgreSQL 9, and this image is PostgreSQL {mine}" in said, said
        assert "POSTGRES_IMAGE" in said and "Nothing was changed" in said, said
        version.write_text(f"{mine}\n")
        one.start()
        assert one.ask("gatehall", "first of gatehall_database", "gatehall") == "gatehall"


def test_an_empty_password_is_named(world):
    with cluster() as one:
        one.say("postgres", "")
        assert "secrets/postgres_password is empty" in one.start(ends=True)
        one.say("postgres", "first of postgres")
        one.start()
        one.say("authentik_database", "")
        assert "secrets/authentik_database_password is empty" in one.prepare(fails=True)
