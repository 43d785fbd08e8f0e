"""The index for search works in scripts without spaces."""

from pathlib import Path

import asyncpg

from app.embedded import start

TEXTS = [
    "ที่ปรึกษากฎหมายระหว่างประเทศ",
    "国際協力機構（JICA）法務省",
    "ការបណ្តុះបណ្តាលច្បាប់",
    "Đào tạo pháp luật",
    "ກົດໝາຍອາຍາ",
    "ဥပဒေပြုရေး",
]
PARTS = ["กฎหมาย", "協力機構", "ច្បាប់", "pháp l", "ອາຍາ", "ပြုရေး"]


async def test_trigrams_find_words_inside_text_without_spaces(data: Path) -> None:
    with start(data) as running:
        connection = await asyncpg.connect(running.dsn)
        await connection.execute("create extension pg_trgm; create table texts (t text)")
        await connection.executemany("insert into texts values ($1)", [(text,) for text in TEXTS])
        await connection.execute(
            "create index found on texts using gin (t gin_trgm_ops); set enable_seqscan = off"
        )
        for part in PARTS:
            like = f"%{part}%"
            assert await connection.fetchval("select show_trgm($1)", part)
            assert "Index Scan on found" in str(
                await connection.fetch("explain select t from texts where t like $1", like)
            )
            rows = await connection.fetch("select t from texts where t like $1", like)
            assert [row["t"] for row in rows] == [text for text in TEXTS if part in text]
        await connection.close()
