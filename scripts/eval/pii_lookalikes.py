"""Texts that hold only what looks like personal data: amounts, orders, years, codes, products.

Enters: sentences of real text, a random generator.  Leaves: texts in which nothing is personal.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from scripts.eval import pii_values as made
from scripts.eval.pii_disguises import HAN

_AMOUNT = ("总额", "共计", "销售额达", "约", "￥", "营收", "投入资金", "累计")
_UNIT = ("元", "万元", "美元", "亿", "人次", "吨", "千瓦时", "平方米", "个", "件", "字节", "KB")
_ORDER = (
    "订单号",
    "快递单号：",
    "流水号",
    "编号：",
    "运单号",
    "货号",
    "条码",
    "发票号码：",
    "工单号 ",
)
_PRODUCTS = (
    *("微信小程序wxapp-demo", "微信读书app推荐", "微信支付v3接口", "微信公众号：tech_daily"),
    *(
        "关注公众号python123",
        "微信SDK android-8.0",
        "微信小游戏game2048",
        "微信 iOS8版",
        "vx20 CPU",
    ),
    *("WX3000型", "微信开发者工具devtools_2", "微信PC版3.9.10", "微信 Windows11 客户端", "V3版本"),
    *("加V认证", "微信H5页面html5", "QQ浏览器10000万用户", "QQ2013版", "QQ音乐2024年会员"),
    *("QQ空间100000次访问", "奇瑞QQ3", "企鹅约100000只", "QQ 2012 Beta", "Q1 20235亿元"),
)
_CODE = (
    *("@decorator.wraps", "logo@2x.png", "pkg@1.2.3", "git@github.com:group/project.git"),
    *("npm i @scope/pkg@4.5.6", "look at example pages", "user@localhost", "root@server01:~#"),
)
_PLACES = ("北京市东城区", "上海市黄浦区", "杭州市")
_HOUSES = ("景山前街4号", "人民大道200号", "文三路")


def _number(rng: random.Random, *sizes: int) -> str:
    return str(rng.randint(1, 9)) + made.digits(rng, rng.choice(sizes) - 1)


def _row(rng: random.Random, count: int, mark: str, *sizes: int) -> str:
    return mark.join(made.digits(rng, rng.choice(sizes)) for _ in range(count))


Make = Callable[[random.Random], str]

COUNTS: dict[str, Make] = {
    "amount": lambda r: f"{r.choice(_AMOUNT)}{made.mobile(r)}{r.choice(_UNIT)}",
    "order": lambda r: r.choice(_ORDER) + _number(r, 10, 11, 12, 13, 15, 16, 18, 19),
    "percent": lambda r: f"同比增长{r.random() * 100:.2f}%，达{_number(r, 8, 9, 11)}元",
    "year": lambda r: (
        f"{r.randint(1900, 2030)}年{r.randint(1, 12)}月至{r.randint(1900, 2030)}-06-01"
    ),
    "han_year": lambda r: f"{str(r.randint(1900, 2030)).translate(HAN)}年{r.choice('一二三四')}月",
    "arithmetic": lambda r: f"{_row(r, 2, '×', 5)}={_number(r, 10, 11)}",
    "stock": lambda r: f"股票代码600{made.digits(r, 3)}，收于{r.random() * 99:.2f}",
    "price": lambda r: f"市值{made.digits(r, 3)}.{made.digits(r, 11)}",
    "account": lambda r: f"科目编码{made.digits(r, 8)}，预算{made.digits(r, 9)}元",
    "lottery": lambda r: f"第{made.digits(r, 7)}期：{_row(r, 7, ' ', 2)}",
    "table": lambda r: _row(r, 12, " ", 1, 2, 3, 4),
}
CODES: dict[str, Make] = {
    "statute": lambda r: (
        f"国发〔{r.randint(1990, 2026)}〕{r.randint(1, 300)}号，第{r.randint(1, 999)}条"
    ),
    "case": lambda r: (
        f"(2020){r.choice(made.PROVINCES)}{made.digits(r, 4)}民初{made.digits(r, 5)}号"
    ),
    "version": lambda r: (
        f"{r.choice(('版本', 'v', '升级到', 'Version '))}{_row(r, 4, '.', 1, 2, 3)}"
    ),
    "section": lambda r: f"第{_row(r, 4, '.', 1)}节",
    "isbn": lambda r: f"ISBN 978-7-{made.digits(r, 3)}-{made.digits(r, 5)}-{made.digits(r, 1)}",
    "isbn_plain": lambda r: f"ISBN：978{made.digits(r, 10)}",
    "doi": lambda r: f"doi:10.{made.digits(r, 4)}/j.cnki.{made.digits(r, 11)}",
    "guid": lambda r: str(uuid.UUID(int=r.getrandbits(128))),
    "hash": lambda r: f"sha256:{r.getrandbits(256):064x}",
    "digest": lambda r: f"commit {r.getrandbits(160):040x}",
    "array": lambda r: f"int a[] = {{{_row(r, 8, ', ', 1, 4, 7, 8, 9, 10, 11)}}};",
    "point": lambda r: f"vec3({r.random():.6f}, {r.random():.6f}, {r.random() * 9:.5f})",
    "path_data": lambda r: f"M{r.random() * 99:.4f},{r.random() * 99:.4f} L{r.random() * 9:.4f}",
    "barcode": lambda r: f"条形码69{made.digits(r, 11)}",
    "stamp": lambda r: f"timestamp={r.randint(1300000000, 1799999999)}{made.digits(r, 3)}",
    "zip": lambda r: f"邮编：{made.digits(r, 6)}",
    "model": lambda r: f"型号{r.choice(made.LETTERS)}{r.choice(made.LETTERS)}{made.digits(r, 7)}",
    "standard": lambda r: f"GB/T {made.digits(r, 5)}-{r.randint(1990, 2026)}",
    "pages": lambda r: f"第{made.digits(r, 3)}—{made.digits(r, 4)}页",
    "bolt": lambda r: f"{made.digits(r, 3)}-{made.digits(r, 4)}-{made.digits(r, 4)}型螺栓",
    "float": lambda r: f"= {r.random():.16f}, {r.random() * 1e6:.10f}",
    "tensor": lambda r: f"array([[{', '.join(f'{r.random():.8f}' for _ in range(4))}]])",
    "id_wrong": lambda r: f"批次110101{r.randint(2030, 9999)}{made.digits(r, 8)}",
}
WORDS: dict[str, Make] = {
    "hotline": lambda r: r.choice(
        ("400-820-0000", "95588", "12345", "10086", "800-810-0000", "12315")
    ),
    "train": lambda r: (
        f"{r.choice('GDKTZ')}{r.randint(1, 9999)}次列车{r.randint(1, 16)}车{r.randint(1, 20)}A座"
    ),
    "abbreviation": lambda r: (
        f"{r.choice(made.PROVINCES)}{r.choice(('GDP', 'CBA', 'AI', 'ETF'))}2023年"
    ),
    "product": lambda r: r.choice(_PRODUCTS),
    "code_at": lambda r: r.choice(_CODE),
    "area_codes": lambda r: f"区号0755，邮编{made.digits(r, 6)}，人口{made.digits(r, 7)}人",
    "house": lambda r: (
        f"{r.choice(('博物馆', '该公司', '火车站'))}位于{r.choice(_PLACES)}{r.choice(_HOUSES)}"
    ),
    "history": lambda r: f"{r.choice(('鲁迅', '李白', '苏轼'))}于{r.randint(600, 1900)}年写下此诗",
    "bus": lambda r: f"乘{r.randint(1, 999)}路公交车到中山路站下，{r.randint(1, 8)}号口出站",
}
LOOKALIKES = COUNTS | CODES | WORDS


def negatives(sentences: list[str], rng: random.Random, each: int) -> Iterator[dict[str, Any]]:
    """`each` texts of every kind that holds nothing personal."""
    for kind, make in LOOKALIKES.items():
        for _ in range(each):
            mark = rng.choice(("，", "。", "\n", " ", "；"))
            text = rng.choice(sentences) + make(rng) + mark + rng.choice(sentences)
            yield {"group": "lookalike", "kind": kind, "text": text}
