-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: asteriskcdrdb
/*!40101 SET NAMES utf8mb4 */;

DROP TABLE IF EXISTS `cdr`;
CREATE TABLE `cdr` (
  `calldate` datetime NOT NULL,
  `clid` varchar(80) NOT NULL,
  `src` varchar(80) NOT NULL,
  `dst` varchar(80) NOT NULL,
  `dcontext` varchar(80) NOT NULL,
  `channel` varchar(80) NOT NULL,
  `dstchannel` varchar(80) NOT NULL,
  `lastapp` varchar(80) NOT NULL,
  `lastdata` varchar(80) NOT NULL,
  `duration` int(11) NOT NULL,
  `billsec` int(11) NOT NULL,
  `disposition` varchar(80) NOT NULL,
  `amaflags` int(11) NOT NULL,
  `accountcode` varchar(80) NOT NULL,
  `uniqueid` varchar(80) NOT NULL,
  `userfield` varchar(80) NOT NULL,
  `did` varchar(80) NOT NULL,
  `recordingfile` varchar(80) NOT NULL,
  `cnum` varchar(80) NOT NULL,
  `cnam` varchar(80) NOT NULL,
  `outbound_cnum` varchar(80) NOT NULL,
  `outbound_cnam` varchar(80) NOT NULL,
  `dst_cnam` varchar(80) NOT NULL,
  `linkedid` varchar(80) NOT NULL,
  `peeraccount` varchar(80) NOT NULL,
  `sequence` int(11) NOT NULL,
  KEY `calldate` (`calldate`),
  KEY `uniqueid` (`uniqueid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

LOCK TABLES `cdr` WRITE;
INSERT INTO `cdr` VALUES ('2026-11-20 10:00:00','"О\'Нил, """ <89161234501>','89161234501','600','ext-group','PJSIP/mango-00000001','PJSIP/101-00000002','Dial','PJSIP/101&PJSIP/102,20,TtrM',8,0,'NO ANSWER',3,'','1795158000.1','','74951234567','','89161234501','','','','','1795158000.1','',1),('2026-11-20 10:00:00','"89161234501" <89161234501>','89161234501','600','ext-group','PJSIP/mango-00000001','PJSIP/102-00000003','Dial','PJSIP/101&PJSIP/102,20,TtrM',68,60,'ANSWERED',3,'','1795158000.1','','74951234567','','89161234501','','','','','1795158000.1','',2),('2026-11-20 10:10:02','"89161234502" <89161234502>','89161234502','101','from-queue','Local/101@from-queue-00000001;2','PJSIP/101-00000011','Dial','PJSIP/101,,TtrIb',14,0,'NO ANSWER',3,'','1795158602.12','','','','89161234502','','','','','1795158600.10','',3),('2026-11-20 10:10:02','"89161234502" <89161234502>','89161234502','102','from-queue','Local/102@from-queue-00000002;2','PJSIP/102-00000012','Dial','PJSIP/102,,TtrIb',44,30,'ANSWERED',3,'','1795158602.14','','','','89161234502','','','','','1795158600.10','',4),('2026-11-20 10:10:00','"89161234502" <89161234502>','89161234502','400','ext-queues','PJSIP/mango-00000010','Local/101@from-queue-00000001;1','Queue','400,t,,,300,,,,,',16,16,'NO ANSWER',3,'','1795158600.10','','74951234567','','89161234502','','','','','1795158600.10','',5),('2026-11-20 10:10:00','"89161234502" <89161234502>','89161234502','400','ext-queues','PJSIP/mango-00000010','Local/102@from-queue-00000002;1','Queue','400,t,,,300,,,,,',46,46,'ANSWERED',3,'','1795158600.10','','74951234567','','89161234502','','','','','1795158600.10','',6);
INSERT INTO `cdr` VALUES
('2026-11-20 10:20:00','"89161234503" <89161234503>','89161234503','s','ivr-3','PJSIP/mango-00000020','','BackGround','custom/menu',12,12,'ANSWERED',3,'','1795159200.20','','74951234567','','89161234503','','','','','1795159200.20','',7),
('2026-11-20 10:30:00','"89161234504" <89161234504>','89161234504','600','ext-group','PJSIP/mango-00000030','PJSIP/101-00000031','Dial','PJSIP/101&PJSIP/102,20,TtrM',20,0,'NO ANSWER',3,'','1795159800.30','','74951234567','','89161234504','','','','','1795159800.30','',8),
('2026-11-20 10:30:00','"89161234504" <89161234504>','89161234504','600','ext-group','PJSIP/mango-00000030','PJSIP/102-00000032','Dial','PJSIP/101&PJSIP/102,20,TtrM',20,0,'NO ANSWER',3,'','1795159800.30','','74951234567','','89161234504','','','','','1795159800.30','',9),
('2026-11-20 10:30:20','"89161234504" <89161234504>','89161234504','vmu101','ext-local','PJSIP/mango-00000030','','VoiceMail','101@default,u""',15,15,'ANSWERED',3,'','1795159800.30','','74951234567','','89161234504','','','','','1795159800.30','',10),
('2026-11-20 10:40:00','"89161234505" <89161234505>','89161234505','89169990000','from-internal','Local/FMPR-101@from-internal-00000003;2','PJSIP/mango-00000042','Dial','PJSIP/89169990000@mango,20,T',40,30,'ANSWERED',3,'','1795160400.41','','','','89161234505','','','','','1795160400.40','',11),
('2026-11-20 10:40:00','"89161234505" <89161234505>','89161234505','101','ext-local','PJSIP/mango-00000040','Local/FMPR-101@from-internal-00000003;1','Dial','Local/FMPR-101@from-internal,20,T',40,30,'ANSWERED',3,'','1795160400.40','','74951234567','','89161234505','','','','','1795160400.40','',12),
('2026-11-20 11:00:00','"Анна" <101>','101','989161234504','from-internal','PJSIP/101-00000050','PJSIP/mango-00000051','Dial','PJSIP/89161234504@mango,300,Tb(func-apply-sipheaders^s^1)',95,90,'ANSWERED',3,'','1795161600.50','','','','101','','','','','1795161600.50','',13),
('2026-11-20 11:10:00','"Анна" <101>','101','102','from-internal','PJSIP/101-00000060','PJSIP/102-00000061','Dial','PJSIP/102,,HhTtr',10,5,'ANSWERED',3,'','1795162200.60','','','','101','','','','','1795162200.60','',14),
('2026-11-20 11:20:00','"anonymous" <anonymous>','anonymous','600','ext-group','PJSIP/mango-00000070','PJSIP/101-00000071','Dial','PJSIP/101,20,TtrM',3,0,'NO ANSWER',3,'','1795162800.70','','74951234567','','anonymous','','','','','1795162800.70','',15),
('2026-11-20 11:30:02','"89161234506" <89161234506>','89161234506','vmu101','from-queue','Local/101@from-queue-00000004;2','','VoiceMail','101@default,u',20,18,'ANSWERED',3,'','1795163402.82','','','','89161234506','','','','','1795163400.80','',16),
('2026-11-20 11:30:00','"89161234506" <89161234506>','89161234506','400','ext-queues','PJSIP/mango-00000080','Local/101@from-queue-00000004;1','Queue','400,t,,,300,,,,,',22,22,'ANSWERED',3,'','1795163400.80','','74951234567','','89161234506','','','','','1795163400.80','',17);
UNLOCK TABLES;

CREATE TABLE `cel` (
  `id` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB;
INSERT INTO `cel` VALUES (1),(2);
