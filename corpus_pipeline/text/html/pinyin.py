"""Pinyin syllables, and the usual pronunciation of the common simplified characters.

Enters: a character or a syllable.  Leaves: a syllable without its tone, ü as v; null for a
character outside the first level of GB 2312.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

#: The first character of each syllable: GB 2312 orders its first 3,755 characters by their usual
#: pronunciation, so that these give that of all.  Checked against pypinyin: each is a reading of
#: its character, for 44 of them the rarer one.
_FIRSTS = (
    "啊埃鞍肮凹芭白斑邦苞杯奔崩逼鞭标鳖彬兵玻捕擦猜餐苍操厕层插拆搀昌超车郴撑吃充抽初揣川疮吹春戳"
    "疵聪凑粗蹿摧村磋搭呆耽当刀德蹬堤颠碉跌丁丢东兜督端堆墩掇蛾恩而发藩坊菲芬丰佛否夫噶该干冈篙哥"
    "给根耕工钩辜刮乖棺光瑰辊锅哈骸酣夯壕呵嘿痕哼轰喉呼花槐欢荒灰荤豁击嘉歼僵蕉揭巾荆炯揪鞠捐撅均"
    "喀开刊康考坷肯坑空抠枯夸块宽匡亏坤括垃莱蓝琅捞勒雷棱厘俩联粮撩列琳玲溜龙楼芦驴峦掠抡萝妈埋瞒"
    "芒猫么玫门萌眯棉苗蔑民明谬摸谋拇拿氖南囊挠呢馁嫩能妮蔫娘鸟捏您柠牛脓奴女暖虐挪哦欧啪拍攀乓抛"
    "呸喷砰坯篇飘撇拼乒坡扑期掐牵枪橇切钦青琼秋趋圈缺裙然瓤饶惹壬扔日戎揉茹软蕊闰若撒腮三桑搔瑟森"
    "僧莎筛珊墒梢奢砷声师收蔬刷摔栓霜谁吮说斯松搜苏酸虽孙蓑塌胎坍汤掏特藤梯天挑贴厅通偷凸湍推吞拖"
    "挖歪豌汪威瘟嗡挝巫昔瞎掀相萧楔薪星兄休墟轩靴勋压焉殃邀椰一茵英哟拥幽迂鸳曰耘匝栽咱赃遭责贼怎"
    "增扎摘瞻樟招遮珍蒸芝中舟珠抓拽专桩椎谆捉兹鬃邹租钻嘴尊昨"
)
_SPELLING = (
    "a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can "
    "cang cao ce ceng cha chai chan chang chao che chen cheng chi chong chou chu chuai chuan "
    "chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de deng di dian "
    "diao die ding diu dong dou du duan dui dun duo e en er fa fan fang fei fen feng fo fou fu ga "
    "gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang "
    "hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie "
    "jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan "
    "kuang kui kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu "
    "long lou lu lv luan lve lun luo ma mai man mang mao me mei men meng mi mian miao mie min "
    "ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu "
    "nong nu nv nuan nve nuo o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po "
    "pu qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri "
    "rong rou ru ruan rui run ruo sa sai san sang sao se sen seng sha shai shan shang shao she "
    "shen sheng shi shou shu shua shuai shuan shuang shui shun shuo si song sou su suan sui sun "
    "suo ta tai tan tang tao te teng ti tian tiao tie ting tong tou tu tuan tui tun tuo wa wai "
    "wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya "
    "yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng "
    "zha zhai zhan zhang zhao zhe zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun "
    "zhuo zi zong zou zu zuan zui zun zuo "
)
_SPELLED = _SPELLING.split()
#: All syllables, without tones; ü is v.
SYLLABLES = frozenset(_SPELLED)
_STARTS = [first.encode("gb2312") for first in _FIRSTS]
_LAST = "座".encode("gb2312")


def pronounced(character: str) -> str | None:
    """The usual pronunciation of a common simplified character, without its tone.

    >>> [pronounced(c) for c in "色情女旅A龘"]
    ['se', 'qing', 'nv', 'lv', None, None]
    """
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return None
    if len(code) != 2 or not _STARTS[0] <= code <= _LAST:
        return None
    return _SPELLED[bisect_right(_STARTS, code) - 1]


def toneless(syllable: str) -> str:
    """A syllable without its tone: ü is v.

    >>> toneless("Lǜ"), toneless("se4")
    ('lv', 'se')
    """
    plain = unicodedata.normalize("NFD", syllable.strip().lower()).replace("u\u0308", "v")
    return "".join(c for c in plain if "a" <= c <= "z")
